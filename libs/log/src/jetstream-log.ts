/** LogStore over JetStream. */

import { headers as natsHeaders } from 'nats';
import type { MsgHdrs } from 'nats';
import { AckedPublisher, ENVELOPE_BYTES, NumberHeader } from './acked.ts';
import { apiErrorCode, JS_NO_MESSAGE, JS_STREAM_NOT_FOUND } from './connect.ts';
import type { NatsLink } from './connect.ts';
import { LogError } from './errors.ts';
import { TAIL_KEPT } from './fragments.ts';
import { PullConsumer } from './pull.ts';
import { ensureStream } from './stream.ts';
import type {
  AppendCallback,
  AppendResult,
  ConsumeOptions,
  EnsureStreamOptions,
  LogState,
  LogStore,
  LogSubscription,
  MessageHandler,
  Unsubscribe,
} from './types.ts';

export interface JetStreamLogOptions {
  readonly cluster: string;
  readonly logId: string;
  /** An append without an answer for so long is 'unknown', a question is given up. Absent: five seconds. */
  readonly answerMs?: number;
}

/** A stream as its leader describes it. Times are the server's, in milliseconds since 1970; 0: there is none. */
export interface LogDescription extends LogState {
  readonly firstMs: number;
  readonly lastMs: number;
  /** When the server answered. */
  readonly serverMs: number;
  /** Name of the server that leads the stream; '' without a cluster, and while there is none. */
  readonly leader: string;
  /** Servers that keep a copy, and those of them that are in step. */
  readonly replicas: number;
  readonly currentReplicas: number;
  /** Appends are refused above; 0 is no limit. */
  readonly maxBytes: number;
}

interface StreamInfoAnswer {
  readonly ts?: string;
  readonly config: { readonly max_bytes: number; readonly num_replicas: number };
  readonly state: {
    readonly first_seq: number;
    readonly first_ts: string;
    readonly last_seq: number;
    readonly last_ts: string;
    readonly bytes: number;
    readonly messages: number;
  };
  readonly cluster?: { readonly leader?: string; readonly replicas?: readonly { readonly current: boolean }[] };
}

const ANSWER_MS = 5_000;
const NAME = /^[A-Za-z0-9_-]+$/;

export function checkNames(cluster: string, logId: string): void {
  if (!NAME.test(cluster) || !NAME.test(logId)) throw new TypeError('cluster and log id: letters, digits, - and _');
}

export function logStream(cluster: string, logId: string): string {
  return `WEIR_${cluster}_${logId}_LOG`;
}

export class JetStreamLog implements LogStore {
  readonly stream: string;
  readonly subject: string;
  readonly #link: NatsLink;
  readonly #publisher: AckedPublisher;
  readonly #answerMs: number;
  readonly #expected = new NumberHeader('Nats-Expected-Last-Sequence');

  constructor(link: NatsLink, options: JetStreamLogOptions) {
    checkNames(options.cluster, options.logId);
    this.#link = link;
    this.stream = logStream(options.cluster, options.logId);
    this.subject = `weir.${options.cluster}.${options.logId}.log`;
    this.#publisher = new AckedPublisher(link, (this.#answerMs = options.answerMs ?? ANSWER_MS));
  }

  get maxMessageBytes(): number {
    return this.#link.maxPayload - ENVELOPE_BYTES;
  }

  get connected(): boolean {
    return this.#link.status === 'connected';
  }

  onConnection(listener: (connected: boolean) => void): Unsubscribe {
    return this.#link.onStatus((status) => listener(status === 'connected'));
  }

  /** Ends the subscription for answers; what is outstanding becomes 'unknown'. The connection stays. */
  close(): void {
    this.#publisher.close();
  }

  append(message: Uint8Array, expectedLastSeq: number): Promise<AppendResult> {
    return new Promise((resolve) => this.appendCb(message, expectedLastSeq, resolve));
  }

  appendCb(message: Uint8Array, expectedLastSeq: number, callback: AppendCallback): void {
    this.#expected.value = expectedLastSeq;
    this.#publisher.publish(this.subject, message, this.#expected, callback);
  }

  // ---------------------------------------------------------------------------------------------- reading

  async state(): Promise<LogState> {
    const { state } = await this.#link.api<{
      state: { first_seq: number; last_seq: number; bytes: number; messages: number };
    }>(`STREAM.INFO.${this.stream}`, undefined, this.#answerMs);
    return {
      firstSeq: state.messages === 0 ? state.last_seq + 1 : state.first_seq,
      lastSeq: state.last_seq,
      bytes: state.bytes,
      messages: state.messages,
    };
  }

  /** More than state() tells, for whoever shows it to people. */
  async describe(): Promise<LogDescription> {
    const { ts, config, state, cluster } = await this.#link.api<StreamInfoAnswer>(
      `STREAM.INFO.${this.stream}`,
      undefined,
    );
    const empty = state.messages === 0;
    const lastMs = state.last_seq === 0 ? 0 : Date.parse(state.last_ts);
    return {
      firstSeq: empty ? state.last_seq + 1 : state.first_seq,
      lastSeq: state.last_seq,
      bytes: state.bytes,
      messages: state.messages,
      firstMs: empty ? 0 : Date.parse(state.first_ts),
      lastMs,
      serverMs: ts === undefined ? lastMs : Date.parse(ts),
      leader: cluster?.leader ?? '',
      replicas: config.num_replicas,
      // The leader is one of them.
      currentReplicas: 1 + (cluster?.replicas ?? []).filter(({ current }) => current).length,
      maxBytes: Math.max(0, config.max_bytes),
    };
  }

  /** As read(), with the server's time of storing it, in milliseconds since 1970. */
  async readStored(seq: number): Promise<{ readonly message: Uint8Array; readonly storedMs: number } | null> {
    if (seq < 1) return null;
    try {
      const { message } = await this.#link.api<{ message: { data?: string; time: string } }>(
        `STREAM.MSG.GET.${this.stream}`,
        { seq },
        this.#answerMs,
      );
      return { message: new Uint8Array(Buffer.from(message.data ?? '', 'base64')), storedMs: Date.parse(message.time) };
    } catch (error) {
      if (apiErrorCode(error) === JS_NO_MESSAGE) return null;
      throw error;
    }
  }

  // The API request goes to the leader; the stream has allow_direct off, and a direct get could be a lagging replica's.
  async read(seq: number): Promise<Uint8Array | null> {
    return (await this.readStored(seq))?.message ?? null;
  }

  async readLast(): Promise<{ readonly seq: number; readonly message: Uint8Array } | null> {
    for (;;) {
      const { lastSeq } = await this.state();
      if (lastSeq === 0) return null;
      const message = await this.read(lastSeq);
      if (message !== null) return { seq: lastSeq, message };
      // Gone in between, or the stream's last message is gone for good.
      if ((await this.state()).lastSeq === lastSeq) {
        throw new LogError('log-corrupt', `the log's last message, ${lastSeq}, is missing`);
      }
    }
  }

  consume(fromSeq: number, handler: MessageHandler, options: ConsumeOptions): LogSubscription {
    return new PullConsumer(this.#link, { ...options, stream: this.stream, from: fromSeq, handler });
  }

  // ---------------------------------------------------------------------------------------------- upkeep

  async purgeTo(seq: number): Promise<void> {
    const { lastSeq } = await this.state();
    const to = Math.min(seq, lastSeq - TAIL_KEPT + 1);
    if (to > 1) await this.#link.api(`STREAM.PURGE.${this.stream}`, { seq: to }, 30_000);
  }

  async ensureStream(options: EnsureStreamOptions = {}): Promise<void> {
    await ensureStream(this.#link, {
      name: this.stream,
      subjects: [this.subject],
      retention: 'limits',
      storage: 'file',
      discard: 'new',
      max_age: 0,
      max_msgs: -1,
      max_msgs_per_subject: -1,
      max_bytes: options.maxBytes ?? -1,
      num_replicas: options.replicas ?? 1,
      // No message carries a Nats-Msg-Id; the smallest window costs the least.
      duplicate_window: 100_000_000,
      allow_direct: false,
      deny_delete: true,
      deny_purge: false,
    });
  }

  /** For tests and for whoever removes a whole log. */
  async destroy(): Promise<void> {
    try {
      await this.#link.api(`STREAM.DELETE.${this.stream}`, undefined);
    } catch (error) {
      if (apiErrorCode(error) !== JS_STREAM_NOT_FOUND) throw error;
    }
  }
}

/** Kept next to its replacement for the benchmark: the client's own header object for the same header. */
export function clientHeaders(expectedLastSeq: number): MsgHdrs {
  const headers = natsHeaders();
  headers.set('Nats-Expected-Last-Sequence', String(expectedLastSeq));
  return headers;
}
