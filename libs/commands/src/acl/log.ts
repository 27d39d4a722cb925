/** ACL LOG: what was denied, the newest first. Entries that are alike within a minute are one. */

export type AclReason = 'command' | 'key' | 'channel' | 'auth';
export type AclContext = 'toplevel' | 'multi' | 'lua';

export interface AclLogEntry {
  count: number;
  readonly reason: AclReason;
  readonly context: AclContext;
  /** The command, key or channel. */
  readonly object: string;
  readonly username: string;
  /** Milliseconds since 1970 of the last time. */
  timeMs: number;
  /** The line of CLIENT LIST of whoever it was last. */
  client: string;
}

const ALIKE_MS = 60_000;
/** So many of the newest are compared with a new one. */
const COMPARED = 10;
/** Of a key, a channel or a name that was tried no more is kept. */
const TEXT_BYTES_MAX = 4096;

export class AclLog {
  readonly entries: AclLogEntry[] = [];

  add(entry: Omit<AclLogEntry, 'count'>, maxLen: number): void {
    const { entries } = this;
    const object = entry.object.slice(0, TEXT_BYTES_MAX);
    const username = entry.username.slice(0, TEXT_BYTES_MAX);
    const at = entries.findIndex(
      (one, i) =>
        i < COMPARED &&
        one.reason === entry.reason &&
        one.context === entry.context &&
        Math.abs(one.timeMs - entry.timeMs) <= ALIKE_MS &&
        one.object === object &&
        one.username === username,
    );
    if (at < 0) {
      entries.unshift({ ...entry, object, username, count: 1 });
      if (entries.length > maxLen) entries.length = maxLen;
      return;
    }
    const [same] = entries.splice(at, 1);
    same.count++;
    same.timeMs = entry.timeMs;
    same.client = entry.client;
    entries.unshift(same);
  }

  reset(): void {
    this.entries.length = 0;
  }
}
