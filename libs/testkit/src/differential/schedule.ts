/**
 * A schedule: requests of several clients, one after the other, sent to an engine and to a real server. All that each client hears is compared, be it
 * a reply or not, after every step: what came, and to whom.
 *
 * The engine answers at once. Of the server that much is waited for; what it says beyond that shows at the next step, and at the end.
 */

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { latin1 } from '@weir/commands/testing';
import type { TestEngine } from '@weir/commands/testing';
import { encodeCommand } from '@weir/resp';
import { RawConnection } from './redis-server.ts';

/** What one client hears of a server, as text of one character per byte. */
class Listener {
  text = '';
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => (this.text += chunk.toString('latin1')));
    socket.on('error', () => undefined); // the text tells
  }

  static connect(port: number): Promise<Listener> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Listener(socket));
      });
    });
  }

  /** Returns how many bytes it sent. */
  send(args: readonly string[]): number {
    const bytes = encodeCommand(args);
    this.#socket.write(bytes);
    return bytes.length;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** For what the server says later than the step it belongs to, and for what it should not say at all. */
const SETTLE_MS = 60;
const ANSWER_MS_MAX = 5000;

export interface ScheduleOptions {
  readonly engine: TestEngine;
  readonly port: number;
  readonly clients: number;
  /** What a client heard, so that what may differ does not. */
  readonly normal?: (heard: string) => string;
}

/** Steps that are played to both. */
export class Schedule {
  readonly said: string[] = [];
  readonly #o: ScheduleOptions;
  readonly #ours: { readonly client: ReturnType<TestEngine['session']>; heard: string }[];
  readonly #theirs: Listener[];

  /** Asks the server how much it has read: what is read is executed, also where nobody is answered. */
  readonly #asking: RawConnection;
  /** That it has to have read by now. */
  #inputBytes = 0;

  private constructor(options: ScheduleOptions, theirs: Listener[], asking: RawConnection) {
    this.#o = options;
    this.#theirs = theirs;
    this.#asking = asking;
    this.#ours = theirs.map(() => ({ client: options.engine.session(), heard: '' }));
  }

  static async open(options: ScheduleOptions): Promise<Schedule> {
    const theirs: Listener[] = [];
    // One after the other: they have ids in this order.
    for (let i = 0; i < options.clients; i++) theirs.push(await Listener.connect(options.port));
    const schedule = new Schedule(options, theirs, await RawConnection.connect(options.port));
    // What was read before counts, but not that it was asked.
    schedule.#inputBytes = await schedule.#inputOf();
    return schedule;
  }

  /** A client sends a request. Throws when somebody hears another thing than from the real server. */
  async step(who: number, args: readonly string[]): Promise<void> {
    this.said.push(`${who}: ${args.join(' ')}`);
    const { engine } = this.#o;
    engine.now = Date.now();
    this.#inputBytes += this.#theirs[who]!.send(args);
    const me = this.#ours[who]!;
    const reply = latin1(me.client.call(...args));
    // What it was told at the end of the turn comes behind its reply.
    me.heard += reply;
    this.#collect();
    // The next client's request must not overtake this one.
    if (reply === '') while ((await this.#inputOf()) < this.#inputBytes);
    await this.#compare(false);
  }

  async #inputOf(): Promise<number> {
    this.#inputBytes += encodeCommand(['INFO', 'stats']).length;
    const stats = latin1(await this.#asking.call('INFO', 'stats'));
    return Number(/total_net_input_bytes:(\d+)/.exec(stats)![1]);
  }

  /** The server has said all that it says. */
  async settle(): Promise<void> {
    await sleep(SETTLE_MS);
    await this.#compare(true);
  }

  close(): void {
    for (const listener of this.#theirs) listener.close();
    this.#asking.close();
  }

  #collect(): void {
    for (const one of this.#ours) one.heard += latin1(one.client.pushed());
  }

  async #compare(isWhole: boolean): Promise<void> {
    const normal = this.#o.normal ?? ((text: string) => text);
    const deadline = Date.now() + ANSWER_MS_MAX;
    for (const [i, { heard }] of this.#ours.entries()) {
      const theirs = this.#theirs[i]!;
      const ours = normal(heard);
      while (normal(theirs.text).length < ours.length && Date.now() < deadline) await sleep(0);
      const said = normal(theirs.text);
      if (said === ours) {
        if (isWhole) continue;
        theirs.text = '';
        this.#ours[i]!.heard = '';
        continue;
      }
      const steps = this.said.slice(-25).join('\n');
      throw new Error(
        `client ${i} hears something else, behind\n${steps}\nRedis: ${JSON.stringify(said)}\nWeir:  ${JSON.stringify(ours)}`,
      );
    }
  }
}

const PMESSAGE = /[*>]4\r\n\$8\r\npmessage\r\n(?:\$\d+\r\n[^\r]*\r\n){3}/g;
const UNSUBSCRIBED = /([*>]3\r\n\$\d+\r\n[sp]?unsubscribe\r\n)\$\d+\r\n([^\r]*)\r\n/g;

/**
 * Hash tables decide in which order patterns get a message, and in which order all subscriptions end at once. HELLO tells an id.
 */
export function normalPubSub(heard: string): string {
  const messages = [...heard.matchAll(PMESSAGE)].map(([message]) => message).sort();
  const ended: string[] = [];
  const rest = heard
    .replace(PMESSAGE, '')
    .replace(UNSUBSCRIBED, (_, head: string, name: string) => {
      ended.push(name);
      return head;
    })
    .replace(/\r\n\$2\r\nid\r\n:\d+/g, '');
  return [rest, ...messages, ...ended.sort()].join('\n');
}
