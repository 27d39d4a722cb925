/*
 * Key-value buckets over the JetStream API itself, laid out as the official clients do (so `nats kv` reads them), with two differences: reads go to
 * the stream's leader, never to a lagging replica, and a watch is a PullConsumer, which notices a dead server within seconds.
 */

import { headers as natsHeaders } from 'nats';
import {
  apiError,
  apiErrorCode,
  JS_NO_MESSAGE,
  JS_WRONG_LAST_SEQUENCE,
  JS_WRONG_LAST_SEQUENCE_CONSTANT,
} from './connect.ts';
import type { ApiError, NatsLink } from './connect.ts';
import { guard } from './guard.ts';
import { PullConsumer } from './pull.ts';
import { ensureStream } from './stream.ts';
import type { KvEntry, KvPutResult, Unsubscribe } from './types.ts';

const KEY = /^[-/_=.a-zA-Z0-9]+$/;
const TIMEOUT_MS = 5_000;
const NANOS = 1_000_000;

interface StoredMessage {
  readonly message: { readonly subject: string; readonly seq: number; readonly hdrs?: string; readonly data?: string };
}

function subject(bucket: string, key: string): string {
  if (!KEY.test(key)) throw new TypeError(`not a key: ${key}`);
  return `$KV.${bucket}.${key}`;
}

export async function kvEnsure(
  link: NatsLink,
  bucket: string,
  options: { readonly ttlMs?: number; readonly replicas?: number; readonly history?: number },
): Promise<void> {
  const ttlMs = options.ttlMs ?? 0;
  await ensureStream(link, {
    name: `KV_${bucket}`,
    subjects: [`$KV.${bucket}.>`],
    retention: 'limits',
    storage: 'file',
    discard: 'new',
    num_replicas: options.replicas ?? 1,
    max_msgs_per_subject: options.history ?? 1,
    max_bytes: -1,
    max_age: ttlMs * NANOS,
    duplicate_window: Math.min(ttlMs > 0 ? ttlMs : 2_000, 2_000) * NANOS,
    allow_rollup_hdrs: true,
    deny_delete: true,
    deny_purge: false,
    allow_direct: false,
  });
}

export async function kvPut(
  link: NatsLink,
  bucket: string,
  key: string,
  value: Uint8Array,
  expectedRevision?: number,
): Promise<KvPutResult> {
  const result = await put(link, bucket, key, value, expectedRevision);
  if (result.kind === 'stored' || expectedRevision !== 0) return result;
  // "Does not exist" includes "was deleted".
  const entry = await kvGet(link, bucket, key);
  if (entry === null || entry.value !== null) return result;
  return put(link, bucket, key, value, entry.revision);
}

async function put(
  link: NatsLink,
  bucket: string,
  key: string,
  value: Uint8Array,
  expected: number | undefined,
  operation?: string,
): Promise<KvPutResult> {
  const headers = natsHeaders();
  if (expected !== undefined) headers.set('Nats-Expected-Last-Subject-Sequence', String(expected));
  if (operation !== undefined) headers.set('KV-Operation', operation);
  const to = subject(bucket, key);
  const answer = await link.request(to, value, TIMEOUT_MS, headers);
  const ack = JSON.parse(Buffer.from(answer).toString('utf8')) as { seq?: number; error?: ApiError };
  if (ack.error === undefined) return { kind: 'stored', revision: ack.seq! };
  const code = ack.error.err_code;
  if (code === JS_WRONG_LAST_SEQUENCE || code === JS_WRONG_LAST_SEQUENCE_CONSTANT) return { kind: 'rejected' };
  throw apiError(`put ${to}`, ack.error);
}

export async function kvGet(link: NatsLink, bucket: string, key: string): Promise<KvEntry | null> {
  try {
    const stored = await link.api<StoredMessage>(`STREAM.MSG.GET.KV_${bucket}`, { last_by_subj: subject(bucket, key) });
    return toEntry(bucket, stored);
  } catch (error) {
    if (apiErrorCode(error) === JS_NO_MESSAGE) return null;
    throw error;
  }
}

export async function kvDelete(link: NatsLink, bucket: string, key: string): Promise<void> {
  await put(link, bucket, key, new Uint8Array(0), undefined, 'DEL');
}

export async function kvGetAll(link: NatsLink, bucket: string): Promise<KvEntry[]> {
  const info = await link.api<{ state: { subjects?: Record<string, number> } }>(`STREAM.INFO.KV_${bucket}`, {
    subjects_filter: '>',
  });
  const prefix = `$KV.${bucket}.`;
  const keys = Object.keys(info.state.subjects ?? {}).map((s) => s.slice(prefix.length));
  const entries: KvEntry[] = [];
  for (let at = 0; at < keys.length; at += 64) {
    const some = await Promise.all(keys.slice(at, at + 64).map((key) => kvGet(link, bucket, key)));
    for (const entry of some) if (entry !== null && entry.value !== null) entries.push(entry);
  }
  return entries;
}

export function kvWatch(link: NatsLink, bucket: string, listener: (entry: KvEntry) => void): Unsubscribe {
  const prefix = `$KV.${bucket}.`;
  const consumer = new PullConsumer(link, {
    stream: `KV_${bucket}`,
    from: 'last-per-subject',
    filter: `${prefix}>`,
    handler: (seq, data, msg) => {
      const gone =
        msg.headers !== undefined && isDeletion(msg.headers.get('KV-Operation'), msg.headers.get('Nats-Marker-Reason'));
      // The consumer would stop at what a listener throws, and the watcher would see nothing any more: a bug that has to show.
      guard(() =>
        listener({ key: msg.subject.slice(prefix.length), value: gone ? null : data.slice(), revision: seq }),
      );
    },
  });
  return () => consumer.stop();
}

function toEntry(bucket: string, stored: StoredMessage): KvEntry {
  const m = stored.message;
  const text = m.hdrs === undefined ? '' : Buffer.from(m.hdrs, 'base64').toString('latin1');
  const gone = /^KV-Operation: *(DEL|PURGE)/im.test(text) || /^Nats-Marker-Reason:/im.test(text);
  const value = gone ? null : new Uint8Array(Buffer.from(m.data ?? '', 'base64'));
  return { key: m.subject.slice(`$KV.${bucket}.`.length), value, revision: m.seq };
}

function isDeletion(operation: string, marker: string): boolean {
  return operation === 'DEL' || operation === 'PURGE' || marker !== '';
}
