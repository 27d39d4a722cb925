import { LatencyHistogram } from './latency-histogram.ts';
import { Log2Histogram } from './log2-histogram.ts';

/** As many as Redis takes its means over. */
const SAMPLES = 16;
const CODE_BYTES_MAX = 32;

/** Counters that INFO stats shows; CONFIG RESETSTAT zeroes them. */
export class Stats {
  connectionsReceived = 0;
  commandsProcessed = 0;
  rejectedConnections = 0;
  expiredKeys = 0;
  expiredStalePercentage = 0;
  expiredTimeCapReached = 0;
  evictedKeys = 0;
  evictedClients = 0;
  queryBufferDisconnections = 0;
  outputBufferDisconnections = 0;
  /** Largest of any client within the last seconds; whoever looks at the clients keeps them. */
  clientInputBytesMax = 0;
  clientOutputBytesMax = 0;
  keyspaceHits = 0;
  keyspaceMisses = 0;
  unexpectedErrorReplies = 0;
  errorReplies = 0;
  netInputBytes = 0;
  netOutputBytes = 0;
  /** Handed to the replication log. */
  netReplOutputBytes = 0;
  /** Published here, and not sent to the other nodes though there were some. */
  messagesLost = 0;
  /** Of keys, for which there was no room. */
  notificationsLost = 0;
  readsProcessed = 0;
  writesProcessed = 0;
  activeExpireMicros = 0;
  /** When the data set grew beyond maxmemory, by the host's clock; 0: it fits. */
  memoryExceededSince = 0;
  /** How long it did before. */
  memoryExceededMicros = 0;
  /** Means over the last samples, for INFO's instantaneous_… fields. */
  opsPerSecond = 0;
  inputBytesPerSecond = 0;
  outputBytesPerSecond = 0;
  replOutputBytesPerSecond = 0;
  /** Until the log had stored a record: microseconds, with two digits and by powers of two. */
  readonly appendMicros = new LatencyHistogram();
  readonly appends = new Log2Histogram();
  /** What was committed together: commands and bytes of each record. */
  readonly commitCommands = new Log2Histogram();
  readonly commitBytes = new Log2Histogram();
  /** Error replies by their first word. */
  readonly errors = new Map<string, number>();

  /** Counts an error reply by its code, of which there may be 128. */
  countError(code: string): void {
    this.errorReplies++;
    const seen = this.errors.get(code);
    if (seen !== undefined) this.errors.set(code, seen + 1);
    else if (this.errors.size < 128) this.errors.set(code, 1);
  }

  #samples: {
    readonly ms: number;
    readonly commands: number;
    readonly input: number;
    readonly output: number;
    readonly repl: number;
  }[] = [];

  /** An error reply, by its bytes, which begin at `start`. */
  countErrorReply(buf: Uint8Array, start: number): void {
    let end = start + 1;
    while (end - start < CODE_BYTES_MAX && buf[end] > 32) end++;
    this.countError(Buffer.from(buf.subarray(start + 1, end)).toString('latin1'));
  }

  /** The log has stored a record. */
  recordStored(micros: number): void {
    this.appendMicros.record(micros, 1);
    this.appends.record(Math.round(micros));
  }

  /** Takes a sample of the rates; the engine calls it about ten times a second. */
  sample(ms: number): void {
    const { netInputBytes: input, netOutputBytes: output, netReplOutputBytes: repl } = this;
    const now = { ms, commands: this.commandsProcessed, input, output, repl };
    const first = this.#samples[0];
    this.#samples.push(now);
    if (this.#samples.length > SAMPLES) this.#samples.shift();
    if (first === undefined || first.ms >= ms) return;
    const seconds = (ms - first.ms) / 1000;
    this.opsPerSecond = Math.max(0, Math.round((now.commands - first.commands) / seconds));
    this.inputBytesPerSecond = Math.max(0, (now.input - first.input) / seconds);
    this.outputBytesPerSecond = Math.max(0, (now.output - first.output) / seconds);
    this.replOutputBytesPerSecond = Math.max(0, (now.repl - first.repl) / seconds);
  }

  /** The data set fits maxmemory again. */
  memoryFits(nowMicros: number): void {
    this.memoryExceededMicros += nowMicros - this.memoryExceededSince;
    this.memoryExceededSince = 0;
  }

  reset(): void {
    this.#samples = [];
    const errors = this.errors;
    const zero = new Stats() as unknown as Record<string, unknown>;
    for (const name of Object.keys(zero))
      if (typeof zero[name] === 'number') (this as unknown as Record<string, unknown>)[name] = 0;
    errors.clear();
    this.appendMicros.reset();
    for (const histogram of [this.appends, this.commitCommands, this.commitBytes]) histogram.reset();
  }
}
