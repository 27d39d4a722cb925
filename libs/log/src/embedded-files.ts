/* What the embedded nats-server keeps beside its store: who it is (embedded.json) and its configuration. */

import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileDurably } from './durable-file.ts';
import { authorization } from './rights.ts';
import type { LogNames, NatsUser } from './rights.ts';

export type Sync = 'always' | 'everysec' | 'no';

/** Port and secret are kept, so that an URL that other nodes have learned stays good over restarts. */
export interface Kept {
  port: number;
  name: string;
  /** Passwords are made of it. */
  secret: string;
  log: LogNames | null;
}

const HEX_32 = /^[0-9a-f]{32}$/;
const NAME = /^[A-Za-z0-9_-]+$/;

/** A file of an earlier version (a token in place of the secret) keeps port and name. */
export function loadKept(dir: string): Kept {
  let kept: { port?: unknown; name?: unknown; secret?: unknown; log?: { cluster?: unknown; logId?: unknown } | null } =
    {};
  try {
    kept = (JSON.parse(readFileSync(join(dir, 'embedded.json'), 'utf8')) ?? {}) as typeof kept;
  } catch {
    // none yet, or damaged: a new one
  }
  const { port, name, secret, log } = kept;
  const isName = (value: unknown): value is string => typeof value === 'string' && NAME.test(value);
  return {
    port: Number.isInteger(port) && (port as number) >= 0 && (port as number) < 65536 ? (port as number) : 0,
    name: isName(name) ? name : `weir-${randomBytes(4).toString('hex')}`,
    secret: typeof secret === 'string' && HEX_32.test(secret) ? secret : randomBytes(16).toString('hex'),
    log: isName(log?.cluster) && isName(log.logId) ? { cluster: log.cluster, logId: log.logId } : null,
  };
}

export function saveKept(dir: string, kept: Kept): void {
  writePrivate(join(dir, 'embedded.json'), `${JSON.stringify(kept)}\n`);
}

/** Whole or not at all, for its owner's eyes. */
export function writePrivate(path: string, text: string): void {
  writeFileDurably(path, text, { mode: 0o600 });
}

/**
 * A user's password, made of the kept secret. That of a user which WEIR HANDSHAKE gives out is also made of `shared`, the password that one
 * has to know for a handshake: with that it changes, and who only knew the old one is out.
 */
export function passwordOf(kept: Kept, user: NatsUser, shared: string | null): string {
  const text = shared === null ? user : `${user}:${shared}`;
  return createHmac('sha256', Buffer.from(kept.secret, 'hex')).update(text).digest('hex').slice(0, 40);
}

export interface Configuration {
  readonly kept: Kept;
  readonly passwords: Readonly<Record<NatsUser, string>>;
  readonly listen: string;
  readonly dir: string;
  readonly pidFile: string;
  readonly logFile: string;
  readonly sync: Sync;
  readonly maxPayload: number;
  readonly maxFileStore: number;
}

export function configurationText(c: Configuration): string {
  const sync = c.sync === 'always' ? 'always' : c.sync === 'everysec' ? '"1s"' : '';
  return [
    '# Written at every start; changes made here are lost.',
    `server_name: ${JSON.stringify(c.kept.name)}`,
    `listen: ${JSON.stringify(c.listen)}`,
    ...authorization(c.kept.log, c.passwords),
    `max_payload: ${c.maxPayload}`,
    'max_pending: 67108864',
    `pid_file: ${JSON.stringify(c.pidFile)}`,
    `log_file: ${JSON.stringify(c.logFile)}`,
    'logfile_size_limit: 16777216',
    'logfile_max_num: 3',
    'jetstream {',
    `  store_dir: ${JSON.stringify(join(c.dir, 'store'))}`,
    ...(sync === '' ? [] : [`  sync_interval: ${sync}`]),
    `  max_file_store: ${c.maxFileStore}`,
    '}',
    '',
  ].join('\n');
}
