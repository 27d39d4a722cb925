/** The commands that an ingress answers itself: how fresh the reads of this connection have to be. */

import type { Request } from '@weir/resp';
import { CONSISTENCY, READONLY, TOKEN } from './command-kinds.ts';

export type Level = 'session' | 'linearizable' | 'eventual';

export const LEVELS: readonly Level[] = ['session', 'linearizable', 'eventual'];

export interface LevelHolder {
  level: Level;
  /** The level of this port. */
  readonly portLevel: Level;
  /** Reads of the connection show at least this. */
  position: number;
  readonly logId: string;
}

const OK = '+OK\r\n';
const TOKEN_FORM = /^w1-([0-9a-f]{16})-([0-9a-z]{1,11})$/;
/** As much of the log's id as tells two logs apart. */
const LOG_DIGITS = 16;

/** The reply, as bytes of one character each. */
export function answerLocal(kind: number, request: Request, holder: LevelHolder): string {
  if (kind === CONSISTENCY) return answerConsistency(request, holder);
  if (kind === TOKEN) return answerToken(request, holder);
  if (request.argc !== 1) return wrongArity(kind === READONLY ? 'readonly' : 'readwrite');
  holder.level = kind === READONLY ? 'eventual' : holder.portLevel;
  return OK;
}

function answerConsistency(request: Request, holder: LevelHolder): string {
  if (request.argc > 3) return wrongArity('weir|consistency');
  if (request.argc === 2) return bulk(holder.level);
  const wanted = request.latin1(2).toLowerCase();
  const level = LEVELS.find((one) => one === wanted);
  if (level === undefined) return '-ERR the consistency of reads is session, linearizable or eventual\r\n';
  holder.level = level;
  return OK;
}

/**
 * A token says how far in which log a connection has seen: another connection that is given it sees at least as much. It is opaque to clients, and may
 * get another form.
 */
function answerToken(request: Request, holder: LevelHolder): string {
  if (request.argc > 3) return wrongArity('weir|token');
  const log = holder.logId.slice(0, LOG_DIGITS);
  if (request.argc === 2) return bulk(`w1-${log}-${holder.position.toString(36)}`);
  const match = TOKEN_FORM.exec(request.latin1(2));
  const position = match === null ? NaN : Number.parseInt(match[2], 36);
  if (match === null || !Number.isSafeInteger(position)) return '-ERR that is no token of WEIR TOKEN\r\n';
  if (match[1] !== log) return '-ERR the token is of another log: what it stands for is not known here\r\n';
  holder.position = Math.max(holder.position, position);
  return OK;
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function wrongArity(name: string): string {
  return `-ERR wrong number of arguments for '${name}' command\r\n`;
}
