/**
 * The scripts that EVAL and SCRIPT LOAD brought, by their SHA-1, and what runs them. They are in no snapshot and in no log, as in Redis: a client that is
 * told NOSCRIPT sends the script again.
 *
 * Scripts that only EVAL brought are kept for a while: the newest 500, as in Redis since 7.4. Programs that put their values into the text would fill
 * the memory otherwise.
 */

import { sha1Hex } from '@weir/scripting';
import type { Context } from '../core/context.ts';
import { shebangOf } from './flags.ts';
import { Functions } from './functions.ts';
import { evalExtras } from './redis-library.ts';
import { Runner } from './runner.ts';
import type { Script } from './runner.ts';

const EVAL_SCRIPTS_MAX = 500;
const NAME = '@user_script';

export interface EvalScript extends Script {
  readonly body: Uint8Array;
  /** By SCRIPT LOAD: it stays. */
  isLoaded: boolean;
  /** The compiled function, in the machine of that generation. */
  ref: number;
  generation: number;
}

export class Scripting {
  readonly runner: Runner;
  readonly functions: Functions;
  readonly #scripts = new Map<string, EvalScript>();
  /** Those that only EVAL brought, the oldest first. */
  readonly #passing = new Set<EvalScript>();
  #bytes = 0;

  constructor(ctx: Context) {
    this.runner = new Runner(ctx, evalExtras);
    this.functions = new Functions(ctx);
  }

  get count(): number {
    return this.#scripts.size;
  }

  /** Bytes of their texts. */
  get bytes(): number {
    return this.#bytes;
  }

  find(sha: string): EvalScript | undefined {
    return this.#scripts.get(sha);
  }

  /** The script of that text, which is new or known. An error's text when it is none. `stays`: until SCRIPT FLUSH. */
  load(body: Uint8Array, stays: boolean): EvalScript | string {
    const name = sha1Hex(body);
    const known = this.#scripts.get(name);
    if (known !== undefined) {
      if (stays && !known.isLoaded) {
        known.isLoaded = true;
        this.#passing.delete(known);
      }
      return known;
    }
    const shebang = shebangOf(body);
    if (typeof shebang === 'string') return shebang;
    const script: EvalScript = {
      name,
      flags: shebang.flags,
      body: body.subarray(shebang.length),
      isLoaded: stays,
      ref: 0,
      generation: 0,
    };
    const ref = this.compiled(script);
    if (typeof ref === 'string') return ref;
    this.#scripts.set(name, script);
    this.#bytes += body.length;
    if (!stays) this.#passing.add(script);
    if (this.#passing.size > EVAL_SCRIPTS_MAX) this.#forgetOldest();
    return script;
  }

  #forgetOldest(): void {
    for (const script of this.#passing) {
      this.#passing.delete(script);
      this.#scripts.delete(script.name);
      this.#bytes -= script.body.length;
      if (script.generation === this.runner.generation) this.runner.machine.release(script.ref);
      return;
    }
  }

  /** Reference to the script's function in the machine that runs now; an error's text when it cannot be compiled. */
  compiled(script: EvalScript): number | string {
    const { machine } = this.runner;
    if (script.generation === this.runner.generation) return script.ref;
    const ref = machine.compile(script.body, NAME);
    if (typeof ref === 'string') return `ERR Error compiling script (new function): ${ref}`;
    script.ref = ref;
    script.generation = this.runner.generation;
    return ref;
  }

  /** SCRIPT FLUSH. */
  flush(): void {
    this.#scripts.clear();
    this.#passing.clear();
    this.#bytes = 0;
    this.runner.flush();
  }
}

export const scriptingOf = (ctx: Context): Scripting => (ctx.scripting ??= new Scripting(ctx));
