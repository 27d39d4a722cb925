/*
 * Waiting for a server that may take long. A nats-server reads its whole store before it listens, which takes minutes where that is large or
 * the disk is slow; ending it for that would only begin the reading anew, for ever. So the bound is on standstill, not on time: while the
 * process lives and uses its processor, reads, or writes its log, it is waited for.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { sleep } from './connect.ts';

export interface StartWatch {
  readonly pid: number;
  readonly logFile: string;
  /** No sign of progress for so long: it stands still. */
  readonly stallMs: number;
  readonly isReady: () => Promise<boolean>;
  /** Why it will not become ready any more; '' while it may. */
  readonly ended: () => string;
  /** Told every `SAY_MS`. */
  readonly onWaiting: (waitedMs: number) => void;
}

const SAY_MS = 10_000;
const LOOK_MS = 1_000;
const ASK_MIN_MS = 20;
const ASK_MAX_MS = 250;

/** '' when it is ready, else why not. */
export async function watchStart(watch: StartWatch): Promise<string> {
  const started = performance.now();
  let said = started;
  let looked = started;
  let moved = started;
  const lookMs = Math.min(LOOK_MS, watch.stallMs / 4);
  let signs = signsOf(watch.pid, watch.logFile);
  for (let ask = ASK_MIN_MS; ; ask = Math.min(ASK_MAX_MS, ask * 1.1)) {
    if (await watch.isReady()) return '';
    const ended = watch.ended();
    if (ended !== '') return ended;
    const now = performance.now();
    if (now - looked >= lookMs) {
      looked = now;
      const present = signsOf(watch.pid, watch.logFile);
      if (present !== signs) moved = now;
      signs = present;
      if (now - moved >= watch.stallMs) return `it is not ready and does nothing: for ${watch.stallMs} ms`;
    }
    if (now - said >= SAY_MS) {
      said = now;
      watch.onWaiting(now - started);
    }
    await sleep(ask);
  }
}

/** Changes when the process has done something. */
function signsOf(pid: number, logFile: string): string {
  const log = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  try {
    if (process.platform !== 'linux')
      return `${log} ${execFileSync('ps', ['-o', 'time=', '-p', String(pid)], { encoding: 'utf8' }).trim()}`;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return `${log} ${user} ${system} ${readIo(pid)}`;
  } catch {
    return String(log);
  }
}

/** Bytes read and written; not everybody may look. */
function readIo(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/io`, 'utf8').split('\n').slice(0, 2).join(' ');
  } catch {
    return '';
  }
}
