/*
 * The one place that opens connections. What the client's defaults would do and this does not: give up after ten attempts, wait two seconds
 * between them, need four minutes to notice a dead server, and ignore credentials in a URL.
 */

import { connect, createInbox, ErrorCode, NatsError } from 'nats';
import type { Authenticator, ConnectionOptions, MsgHdrs, NatsConnection } from 'nats';
import { realTime, Retry } from '@weir/time';
import { LogError } from './errors.ts';
import { inboxPrefix } from './rights.ts';
import { kvDelete, kvEnsure, kvGet, kvGetAll, kvPut, kvWatch } from './kv.ts';
import type { KvEntry, KvPutResult, NatsHandle, NatsStatus, Unsubscribe } from './types.ts';

export interface ConnectOptions {
  /** `nats://[token@|user:password@]host:port`, several separated by commas or in an array. */
  readonly urls: string | readonly string[];
  /** Shown in the server's connection list. */
  readonly name: string;
  /** False: what this connection publishes does not come back to it. */
  readonly echo?: boolean;
  /** Give up the first connect after so long (typed error). Absent: try for ever. */
  readonly firstConnectMs?: number;
  /** An older server is refused. Those before 2.12 always are. */
  readonly oldest?: ServerVersion;
  readonly onEvent?: (event: { readonly kind: NatsStatus | 'retry' | 'warning'; readonly detail: string }) => void;
  readonly signal?: AbortSignal;
}

const CLOSE_FLUSH_MS = 250;
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 2_000;
export type ServerVersion = readonly [major: number, minor: number];

const OLDEST_SERVER: ServerVersion = [2, 12];
/** Before it, acknowledged messages could be lost in spite of `sync_interval: always` (a block that is compacted was not synced). */
export const OLDEST_ALWAYS: ServerVersion = [2, 15];

export async function connectNats(options: ConnectOptions): Promise<NatsLink> {
  const parsed = parseUrls(options.urls);
  const event = options.onEvent ?? (() => {});
  const started = performance.now();
  const credentials: Credentials = { servers: parsed.servers.join(), auth: authOf(parsed) };
  const again = new Retry({ time: realTime, minMs: RETRY_MIN_MS, maxMs: RETRY_MAX_MS });
  let lostAt = 0;
  let askedAt = -Infinity;
  const clientOptions: ConnectionOptions = {
    servers: parsed.servers,
    name: options.name,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    pingInterval: 5_000,
    maxPingOut: 2,
    timeout: 5_000,
    noAsyncTraces: true,
    noEcho: options.echo === false,
    // Asked several times per dial and told nothing, so it must not grow with each call: the client would never catch up with it. Nor
    // can it wait for the 'disconnect' event, which comes after the first question.
    reconnectDelayHandler: () => {
      const now = performance.now();
      if (now - askedAt > 2 * RETRY_MAX_MS) lostAt = now;
      askedAt = now;
      const away = now - lostAt;
      return away < 5_000 ? RETRY_MIN_MS : away < 60_000 ? 500 : RETRY_MAX_MS;
    },
    // Asked at each dial: a password may change while the connection is away.
    authenticator: (() => ({ ...credentials.auth })) as Authenticator,
    inboxPrefix: inboxPrefix(parsed.user),
  };
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const nc = await connect(clientOptions);
      const version = nc.info?.version ?? '0.0.0';
      const oldest = options.oldest ?? OLDEST_SERVER;
      if (!serverIsAtLeast(version, OLDEST_SERVER) || !serverIsAtLeast(version, oldest)) {
        await nc.close();
        const why = options.oldest === undefined ? '' : ' with appendfsync always';
        throw new LogError(
          'nats-refused',
          `nats-server ${version} is too old, ${oldest.join('.')} or newer is needed${why}`,
        );
      }
      return new NatsLink(nc, event, credentials);
    } catch (error) {
      if (error instanceof LogError) throw error;
      const where = parsed.servers.join(', ');
      const detail = `NATS at ${where}: ${describe(error)}`;
      const refused = error instanceof NatsError && (error.isAuthError() || error.code === 'AUTHENTICATION_TIMEOUT');
      if (
        options.firstConnectMs !== undefined &&
        performance.now() - started + RETRY_MIN_MS >= options.firstConnectMs
      ) {
        throw new LogError(refused ? 'nats-refused' : 'log-unavailable', detail, { cause: error });
      }
      event({ kind: 'retry', detail });
      await again.pause(options.signal);
    }
  }
}

/** A connection that heals itself for ever. */
export class NatsLink implements NatsHandle {
  /** For this library only. */
  readonly nc: NatsConnection;
  readonly #event: (event: { readonly kind: NatsStatus | 'warning'; readonly detail: string }) => void;
  readonly #listeners = new Set<(status: NatsStatus, detail: string) => void>();
  #status: NatsStatus = 'connected';
  readonly #credentials: Credentials;

  constructor(
    nc: NatsConnection,
    event: (event: { readonly kind: NatsStatus | 'warning'; readonly detail: string }) => void,
    credentials: Credentials,
  ) {
    this.nc = nc;
    this.#credentials = credentials;
    this.#event = event;
    void this.#follow();
    void nc.closed().then((error) => this.#become('closed', error instanceof Error ? describe(error) : ''));
  }

  get status(): NatsStatus {
    return this.#status;
  }

  /** Of the server that it is connected to, or was last. */
  get version(): string {
    return this.nc.info?.version ?? '';
  }

  /**
   * The password has changed: it is used from the next dial on. False when `urls` names other servers, or another user (whose inboxes are
   * others): that takes a new connection.
   */
  renew(urls: string): boolean {
    const parsed = parseUrls(urls);
    const auth = authOf(parsed);
    if (parsed.servers.join() !== this.#credentials.servers || auth.user !== this.#credentials.auth.user) return false;
    this.#credentials.auth = auth;
    return true;
  }

  get maxPayload(): number {
    return this.nc.info?.max_payload ?? 1024 * 1024;
  }

  async #follow(): Promise<void> {
    for await (const s of this.nc.status()) {
      const detail = typeof s.data === 'string' ? s.data : JSON.stringify(s.data);
      if (s.type === 'disconnect') this.#become('disconnected', detail);
      else if (s.type === 'reconnect') {
        if (!serverIsAtLeast(this.version, OLDEST_SERVER))
          this.#event({ kind: 'warning', detail: `nats-server ${this.version} is too old` });
        this.#become('connected', detail);
      } else if (s.type === 'error') this.#event({ kind: 'warning', detail: detail });
    }
  }

  #become(status: NatsStatus, detail: string): void {
    if (this.#status === status || this.#status === 'closed') return;
    this.#status = status;
    this.#event({ kind: status, detail });
    for (const listener of [...this.#listeners]) listener(status, detail);
  }

  onStatus(listener: (status: NatsStatus, detail: string) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  publish(subject: string, data: Uint8Array, replyTo?: string): void {
    if (this.#status === 'closed') return;
    this.nc.publish(subject, data, replyTo === undefined ? {} : { reply: replyTo });
  }

  subscribe(
    subject: string,
    listener: (data: Uint8Array, replyTo: string | undefined, subject: string) => void,
  ): Unsubscribe {
    const sub = this.nc.subscribe(subject, {
      callback: (error, msg) => {
        // A listener that throws would kill the client's reader and with it every subscription.
        if (error !== null) return;
        try {
          listener(msg.data, msg.reply === '' ? undefined : msg.reply, msg.subject);
        } catch (thrown) {
          this.#event({ kind: 'warning', detail: `listener of ${subject}: ${describe(thrown)}` });
        }
      },
    });
    return () => {
      if (this.#status !== 'closed') sub.unsubscribe();
    };
  }

  flushed(): Promise<void> {
    if (this.#status !== 'connected') return Promise.reject(new LogError('log-unavailable', 'no connection to NATS'));
    return new Promise((resolve, reject) => {
      const off = this.onStatus((status) => reject(new LogError('log-unavailable', `connection ${status}`)));
      this.nc.flush().then(resolve, reject).finally(off);
    });
  }

  /** Fails at once when the connection is or gets lost: the client would wait for its time-out. */
  request(subject: string, data: Uint8Array, timeoutMs: number, headers?: MsgHdrs): Promise<Uint8Array> {
    const unavailable = (cause: unknown): LogError =>
      new LogError('log-unavailable', `request to ${subject}: ${describe(cause)}`, { cause });
    if (this.#status !== 'connected') return Promise.reject(unavailable(`connection ${this.#status}`));
    return new Promise((resolve, reject) => {
      const off = this.onStatus((status) => reject(unavailable(`connection ${status}`)));
      this.nc
        .request(subject, data, { timeout: timeoutMs, ...(headers !== undefined ? { headers } : {}) })
        .then(
          (msg) => resolve(msg.data),
          (error: unknown) => reject(unavailable(error)),
        )
        .finally(off);
    });
  }

  /** A JetStream API request. Throws LogError; `error.cause` is the JetStreamApiError when the server answered one. */
  async api<T>(subject: string, body: unknown, timeoutMs = 5_000): Promise<T> {
    const payload = body === undefined ? new Uint8Array(0) : Buffer.from(JSON.stringify(body));
    const answer = await this.request(`$JS.API.${subject}`, payload, timeoutMs);
    let json: T & { error?: ApiError };
    try {
      json = JSON.parse(
        Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength).toString('utf8'),
      ) as typeof json;
    } catch (error) {
      throw new LogError('log-unavailable', `${subject}: an answer that is no JSON`, { cause: error });
    }
    if (json.error !== undefined) throw apiError(subject, json.error);
    return json;
  }

  inbox(): string {
    return createInbox(inboxPrefix(this.#credentials.auth.user));
  }

  kvEnsure(
    bucket: string,
    options?: { readonly ttlMs?: number; readonly replicas?: number; readonly history?: number },
  ): Promise<void> {
    return kvEnsure(this, bucket, options ?? {});
  }
  kvPut(bucket: string, key: string, value: Uint8Array, expectedRevision?: number): Promise<KvPutResult> {
    return kvPut(this, bucket, key, value, expectedRevision);
  }
  kvGet(bucket: string, key: string): Promise<KvEntry | null> {
    return kvGet(this, bucket, key);
  }
  kvDelete(bucket: string, key: string): Promise<void> {
    return kvDelete(this, bucket, key);
  }
  kvGetAll(bucket: string): Promise<KvEntry[]> {
    return kvGetAll(this, bucket);
  }
  kvWatch(bucket: string, listener: (entry: KvEntry) => void): Unsubscribe {
    return kvWatch(this, bucket, listener);
  }

  async close(): Promise<void> {
    // What was published just before (a goodbye) still goes out, unless the server does not answer.
    if (this.#status === 'connected') await Promise.race([this.nc.flush().catch(() => {}), sleep(CLOSE_FLUSH_MS)]);
    await this.nc.close();
    this.#become('closed', '');
  }
}

export interface ApiError {
  readonly code: number;
  readonly err_code: number;
  readonly description: string;
}

class JetStreamApiError extends Error {
  readonly errCode: number;
  readonly status: number;
  constructor(error: ApiError) {
    super(`${error.description} (${error.err_code})`);
    this.name = 'JetStreamApiError';
    this.errCode = error.err_code;
    this.status = error.code;
  }
}

export const JS_STREAM_NOT_FOUND = 10059;
const JS_NOT_ENABLED = 10076;
const JS_NOT_ENABLED_FOR_ACCOUNT = 10039;
export const JS_NO_MESSAGE = 10037;
export const JS_WRONG_LAST_SEQUENCE = 10071;
export const JS_WRONG_LAST_SEQUENCE_CONSTANT = 10164;
const JS_STREAM_STORE_FAILED = 10077;
/** Storage or memory of the server, the account or the stream is used up. */
export const JS_NO_SPACE: ReadonlySet<number> = new Set([10002, 10023, 10028, 10047, JS_STREAM_STORE_FAILED]);

export function apiError(what: string, error: ApiError): LogError {
  const cause = new JetStreamApiError(error);
  const code =
    error.err_code === JS_STREAM_NOT_FOUND
      ? 'log-missing'
      : JS_NO_SPACE.has(error.err_code)
        ? 'log-full'
        : 'log-unavailable';
  return new LogError(code, `${what}: ${cause.message}`, { cause });
}

export function apiErrorCode(error: unknown): number {
  return error instanceof LogError && error.cause instanceof JetStreamApiError ? error.cause.errCode : 0;
}

/** The server is there and JetStream is not: nobody answers its API, or it says that it is off. */
export function isJetStreamOff(error: unknown): boolean {
  const cause = error instanceof LogError ? error.cause : error;
  if (cause instanceof JetStreamApiError)
    return cause.errCode === JS_NOT_ENABLED || cause.errCode === JS_NOT_ENABLED_FOR_ACCOUNT;
  return cause instanceof NatsError && cause.code === ErrorCode.NoResponders;
}

export function describe(error: unknown): string {
  if (error instanceof NatsError) {
    const inner = error.chainedError;
    return inner === undefined ? `${error.message}` : `${error.message} (${inner.message})`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** What the client's dials say, for as long as the connection lives. */
interface Credentials {
  readonly servers: string;
  auth: Auth;
}

interface Auth {
  readonly auth_token?: string;
  readonly user?: string;
  readonly pass?: string;
}

function authOf({ token, user, pass }: { token?: string; user?: string; pass?: string }): Auth {
  if (token !== undefined) return { auth_token: token };
  return user === undefined ? {} : { user, pass: pass ?? '' };
}

function parseUrls(urls: string | readonly string[]): {
  servers: string[];
  token?: string;
  user?: string;
  pass?: string;
} {
  const list = (typeof urls === 'string' ? urls.split(',') : [...urls]).map((u) => u.trim()).filter((u) => u !== '');
  if (list.length === 0) throw new TypeError('no NATS URL');
  const result: { servers: string[]; token?: string; user?: string; pass?: string } = { servers: [] };
  for (const text of list) {
    let url: URL;
    try {
      url = new URL(text.includes('://') ? text : `nats://${text}`);
    } catch {
      throw new TypeError(`not a NATS URL: ${text.replace(/\/\/.*@/, '//…@')}`);
    }
    result.servers.push(url.host);
    if (url.username === '') continue;
    if (url.password === '') result.token = decodeURIComponent(url.username);
    else {
      result.user = decodeURIComponent(url.username);
      result.pass = decodeURIComponent(url.password);
    }
  }
  return result;
}

export function serverIsAtLeast(version: string, oldest: ServerVersion): boolean {
  const [major = 0, minor = 0] = version.split('.').map((n) => Number.parseInt(n, 10));
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    signal?.addEventListener('abort', abort, { once: true });
  });
}
