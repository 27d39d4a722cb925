/**
 * Keyspace notifications of both sides: those that a real server publishes, and those that Weir announces of a class
 * which is published. As texts: `rpush 0 list`, in the order in which they came.
 */

import { TestEngine, latin1 } from '@weir/commands/testing';
import { events as kinds } from '@weir/keyspace';
import { RawConnection } from './redis-server.ts';
import { leaves, parse } from './replies.ts';

/** What the server must have in `notify-keyspace-events`. */
export const EVENT_CLASSES = 'EAmn';

/** Reads what the server publishes. */
export class PublishedEvents {
  readonly #connection: RawConnection;

  private constructor(connection: RawConnection) {
    this.#connection = connection;
  }

  static async connect(port: number): Promise<PublishedEvents> {
    const connection = await RawConnection.connect(port);
    await connection.call('PSUBSCRIBE', '__keyevent@*__:*');
    return new PublishedEvents(connection);
  }

  /** What was published since the last call: all that the server did before it answers this. */
  async read(): Promise<string[]> {
    const published: string[] = [];
    this.#connection.send('PING');
    for (;;) {
      const [kind, , channel, key] = leaves(parse(await this.#connection.receive()));
      if (kind === 'pong') return published;
      const [, db, event] = /^__keyevent@(\d+)__:(.*)$/.exec(channel)!;
      published.push(`${event} ${db} ${key}`);
    }
  }

  close(): void {
    this.#connection.close();
  }
}

/** Keeps what an engine announces. */
export class AnnouncedEvents {
  #announced: string[] = [];

  constructor(engine: TestEngine) {
    const classes = kinds.CLASS_LETTERS.reduce((bits, [, bit]) => bits | bit, 0);
    engine.ctx.keyspace.changes.subscribe(classes, {
      key: (event, db, _hash, buf, off, len) => {
        this.#announced.push(`${kinds.KEY_EVENTS[event].name} ${db} ${latin1(buf.slice(off, off + len))}`);
      },
      whole: () => {},
    });
  }

  /** What was announced since the last call. */
  read(): string[] {
    const announced = this.#announced;
    this.#announced = [];
    return announced;
  }
}
