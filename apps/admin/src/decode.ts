import { ReplyParser } from '@weir/resp';
import { LogError } from '@weir/log';
import { showBytes } from './bytes.ts';
import type { ShownBytes } from './bytes.ts';

/** The payload of a record of data is Redis's replication stream: commands, one behind the other. Pure. */
export interface DecodedCommand {
  /** Its place in the record. */
  readonly index: number;
  /** The database that it is applied to. */
  readonly db: number;
  readonly command: string;
  readonly args: readonly ShownBytes[];
  /** More arguments than are shown. */
  readonly argsOmitted: number;
}

export interface DecodeLimits {
  /** Of one argument. */
  readonly valueBytesMax: number;
  /** Of one command. */
  readonly argsMax: number;
}

/**
 * One at a time, so that a large record needs no second copy of itself. The SELECTs between them are not told: each command names its database, and
 * the record's own count is without them too. Throws LogError 'log-corrupt'.
 */
export function* decodeCommands(payload: Uint8Array, limits: DecodeLimits): Generator<DecodedCommand, void, void> {
  const parser = new ReplyParser();
  parser.feed(payload);
  // Each record stands for itself: it begins in database 0.
  let db = 0;
  for (let index = 0; ;) {
    let frame;
    try {
      frame = parser.next();
    } catch (error) {
      throw new LogError('log-corrupt', `a record's payload is no RESP: ${(error as Error).message}`, { cause: error });
    }
    if (frame === undefined) break;
    const parts = frame.type === 'array' ? frame.value : [];
    const args: Uint8Array[] = [];
    for (const part of parts) if (part.type === 'bulk') args.push(part.value);
    const [name, ...rest] = args;
    if (name === undefined || args.length !== parts.length) {
      throw new LogError('log-corrupt', `command ${index} of a record is no array of strings`);
    }
    const command = Buffer.from(name).toString('latin1').toUpperCase();
    if (command === 'SELECT' && rest.length === 1) {
      db = Number(Buffer.from(rest[0]!).toString('latin1'));
      continue;
    }
    const shown = rest.slice(0, limits.argsMax).map((arg) => showBytes(arg, limits.valueBytesMax));
    yield { index: index++, db, command, args: shown, argsOmitted: rest.length - shown.length };
  }
  if (parser.pendingBytes > 0) throw new LogError('log-corrupt', 'a record ends in the middle of a command');
}
