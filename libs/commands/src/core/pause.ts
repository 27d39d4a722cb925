import type { Context } from './context.ts';
import { whenDone } from './frame.ts';

/**
 * CLIENT PAUSE: for some time no request is executed, or none that writes. A request that is not executed is *postponed*: it, and all that its client
 * sends behind it, is kept, and decided about anew when the pause is over. Nothing expires and nothing is evicted meanwhile, so that the data
 * set stands still. The log, its heartbeat, replicas and the waits of clients that wait already go on.
 *
 * What is paused now stands in `Role.paused`, where `admit` looks.
 */
export type Paused = 'nothing' | 'writes' | 'all';

export class Pause {
  /** By `Context.monotonicMs`. */
  #endMs = 0;
  #cancelTimer: (() => void) | null = null;
  /** What goes on when the pause is over, first come first served. */
  #postponed = new Set<() => void>();
  readonly #ctx: Context;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** Pauses from now on for so long. As in Redis, of two pauses the stricter and the longer counts. */
  begin(what: 'writes' | 'all', ms: number): void {
    const ctx = this.#ctx;
    const { role } = ctx;
    const isPaused = role.paused !== 'nothing';
    if (ms === 0 && !isPaused) return;
    if (role.paused !== 'all') role.paused = what;
    const endMs = ctx.monotonicMs + ms;
    if (isPaused && endMs <= this.#endMs) return;
    this.#endMs = endMs;
    this.#cancelTimer?.();
    this.#cancelTimer = ctx.host.after(ms, () => this.end());
  }

  /** The pause is over. */
  end(): void {
    const ctx = this.#ctx;
    ctx.role.paused = 'nothing';
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const postponed = this.#postponed;
    this.#postponed = new Set();
    for (const goOn of postponed) whenDone(ctx, goOn);
  }

  /** Calls `goOn` when the pause is over, between commands. The returned function calls it off. */
  postpone(goOn: () => void): () => void {
    const postponed = this.#postponed.add(goOn);
    return () => void postponed.delete(goOn);
  }
}
