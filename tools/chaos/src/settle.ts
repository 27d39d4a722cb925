/** Waits for what a start leads to, and reads what was said meanwhile. */

import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorReply } from '@weir/testkit';
import type { Position, Value } from '@weir/testkit';

/** As much of a node as this needs; WeirNode has it. */
export interface Started {
  readonly isRunning: boolean;
  readonly lines: readonly string[];
  call(...args: readonly string[]): Promise<Value>;
  position(): Promise<Position>;
  ended(): Promise<{ readonly code: number | null }>;
  note(): void;
}

/** Where a start led to. */
export type Settled =
  | { readonly kind: 'serves' }
  | { readonly kind: 'refuses'; readonly text: string }
  | { readonly kind: 'ended'; readonly code: number | null; readonly text: string }
  | { readonly kind: 'hangs'; readonly text: string };

const SETTLE_MS = 40_000;
const LOOK_MS = 40;
/** To note its processes is a walk through those of the machine. */
const NOTE_LOOKS = 8;
export const PROBE = 'chaos:probe';

/** `firstLine`: of its log in this life. */
export async function settle(node: Started, firstLine: number): Promise<Settled> {
  const end = performance.now() + SETTLE_MS;
  let last = '';
  for (let look = 1; ; look++) {
    if (!node.isRunning) {
      const { code } = await node.ended();
      return { kind: 'ended', code, text: errorSaid(node, firstLine) };
    }
    try {
      await node.call('GET', 'string:0');
      const role = (await node.call('ROLE')) as unknown[];
      last = `ROLE says ${String(role[0])}`;
      if (role[0] === 'master' && (await node.position()).epoch > 0) return { kind: 'serves' };
      await node.call('SET', PROBE, 'is refused as long as it does not lead');
    } catch (error) {
      if (error instanceof ErrorReply) {
        last = error.message;
        if (error.message.startsWith('MISCONF')) return { kind: 'refuses', text: error.message };
      }
    }
    if (performance.now() > end) return { kind: 'hangs', text: last };
    if (look % NOTE_LOOKS === 0) node.note();
    await sleep(LOOK_MS);
  }
}

/** The last error of this life in its log, or what it wrote to stderr. */
export function errorSaid(node: Started, firstLine: number): string {
  const lines = node.lines.slice(firstLine).filter((line) => !line.startsWith('---'));
  const errors = lines.filter((line) => !line.startsWith('{') || /"level":(50|60)/.test(line));
  return sentence(errors.findLast((line) => /cannot (start|go on)/.test(line)) ?? errors.at(-1) ?? '');
}

/** Warnings and errors, the first few. */
export function warningsSaid(node: Started, firstLine: number): string {
  const lines = node.lines.slice(firstLine).filter((line) => /"level":[456]0/.test(line));
  return [...new Set(lines.map(sentence))].slice(0, 3).join('; ');
}

/** Of a line of the log: its message, and the error's. */
export function sentence(line: string): string {
  if (!line.startsWith('{')) return line.trim().slice(0, 400);
  try {
    const { msg, err, detail } = JSON.parse(line) as { msg: string; err?: { message: string }; detail?: string };
    const more = err?.message ?? detail ?? '';
    return `${msg}${more === '' || msg.includes(more) ? '' : ` (${more})`}`.replaceAll(/\s+/g, ' ').slice(0, 400);
  } catch {
    return line.slice(0, 400);
  }
}
