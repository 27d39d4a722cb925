/** The slow log: the last `slowlog-max-len` commands that took longer than `slowlog-log-slower-than`. */
export interface SlowlogEntry {
  readonly id: number;
  readonly timeSeconds: number;
  readonly micros: number;
  readonly args: readonly Uint8Array[];
  readonly addr: string;
  readonly name: string;
}

const ARGS_MAX = 32;
const ARG_BYTES_MAX = 128;

export class Slowlog {
  entries: SlowlogEntry[] = [];
  #nextId = 0;

  /** `args` are copies; as in Redis at most 32 of them with at most 128 bytes each are kept. */
  add(entry: Omit<SlowlogEntry, 'id'>, lengthMax: number): void {
    const args: Uint8Array[] = [];
    for (let i = 0; i < Math.min(entry.args.length, ARGS_MAX); i++) {
      if (i === ARGS_MAX - 1 && entry.args.length > ARGS_MAX) {
        args.push(Buffer.from(`... (${entry.args.length - ARGS_MAX + 1} more arguments)`));
        break;
      }
      const arg = entry.args[i];
      if (arg.length <= ARG_BYTES_MAX) args.push(arg);
      else {
        const more = Buffer.from(`... (${arg.length - ARG_BYTES_MAX} more bytes)`);
        args.push(Buffer.concat([arg.subarray(0, ARG_BYTES_MAX), more]));
      }
    }
    this.entries.unshift({ ...entry, args, id: this.#nextId++ });
    this.trim(lengthMax);
  }

  /** Drops the oldest entries beyond that length. */
  trim(lengthMax: number): void {
    if (this.entries.length > lengthMax) this.entries.length = Math.max(0, lengthMax);
  }
}
