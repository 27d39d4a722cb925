import assert from 'node:assert/strict';
import { events } from '@weir/keyspace';
import type { Keyspace } from '@weir/keyspace';

/** An announcement as tests look at it. */
export interface Announcement {
  /** An event of @weir/keyspace's `events`. */
  readonly kind: number;
  /** As Redis publishes it, or ''. */
  readonly name: string;
  readonly db: number;
  /** One character per byte; '*': all keys of the database, or of all databases where that is -1. */
  readonly key: string;
  /** Something is not as it was; false also for `keymiss`. */
  readonly changed: boolean;
}

/** `set 0 k`, for comparisons. */
export const textOf = ({ name, db, key }: Announcement): string => `${name} ${db} ${key}`;

const EVERYTHING = -1;

/** Keeps what is announced of a keyspace. */
export class Announced {
  #taken: Announcement[] = [];
  readonly stop: () => void;

  constructor(keyspace: Keyspace, classes = EVERYTHING) {
    const add = (kind: number, db: number, key: string, changed: boolean): void => {
      this.#taken.push({ kind, name: events.KEY_EVENTS[kind].name, db, key, changed });
    };
    this.stop = keyspace.changes.subscribe(classes, {
      key: (kind, db, hash, buf, off, len, changed) => {
        assert.equal(hash, keyspace.hash(buf, off, len), 'the hash is that of the key');
        add(kind, db, Buffer.from(buf.subarray(off, off + len)).toString('latin1'), changed);
      },
      whole: (kind, a, b) => {
        add(kind, a, '*', true);
        if (b >= 0) add(kind, b, '*', true);
      },
    });
  }

  /** Those since the last call. */
  take(): readonly Announcement[] {
    const taken = this.#taken;
    this.#taken = [];
    return taken;
  }
}

/** Time alone, or want of memory, decides on these: no command logs them. */
const BY_ITSELF: readonly number[] = [events.EXPIRED, events.EVICTED];

/** Invariant `announced-is-logged`, of one command. */
export function checkAnnounced(announced: readonly Announcement[], dirty: number): void {
  const changes = announced.filter(({ kind, changed }) => changed && !BY_ITSELF.includes(kind));
  if (dirty > 0) assert.ok(changes.length > 0, 'a command logged a change and announced none');
  else
    assert.deepEqual(
      changes.map(textOf),
      [],
      'a command announced a change and logged none: reads of it would wait for nothing',
    );
}
