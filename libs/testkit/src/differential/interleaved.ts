/**
 * Several clients that take turns, in one order at an engine without sockets and at a real server. After each step every client must have
 * been sent the same bytes by both: its own replies, and those that came late, because another client made something ready. A client that waits is
 * left alone until it was answered.
 *
 * Time passes only where a step says so (`pass`), for those who wait no longer than SHORT: the real server has their waits end by CLIENT UNBLOCK, which
 * answers as their time-out would.
 */

import assert from 'node:assert/strict';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { TestEngine } from '@weir/commands/testing';
import type { TestSession } from '@weir/commands/testing';
import { RawConnection } from './redis-server.ts';
import { show } from './replies.ts';

/** Stands for the id of a client in a request, since the two servers give other ids: `idOf(2)`. */
export const idOf = (client: number): string => `<id of ${client}>`;
const ID = /^<id of (\d+)>$/;

/** A time-out that `Interleaved.pass` outlasts, in the seconds of BLPOP. */
export const SHORT = '0.001';
/** The same in the milliseconds of XREAD. */
export const SHORT_BLOCK = '1';
const SHORT_MS = 1;
const LONG = '1000000';
const SHOWN_STEPS = 60;
const LATE_MS_MAX = 5000;

interface Client {
  readonly ours: TestSession;
  readonly theirs: RawConnection;
  readonly theirId: string;
  isWaiting: boolean;
  waitsShortly: boolean;
}

export class Interleaved {
  readonly engine: TestEngine;
  readonly clients: Client[] = [];
  /** Replies that came late, because another client made something ready. */
  late = 0;
  readonly #admin: RawConnection;
  readonly #title: string;
  /** What was sent so far, for whoever reads why it failed. */
  readonly #said: string[] = [];

  private constructor(admin: RawConnection, title: string) {
    this.#admin = admin;
    this.#title = title;
    this.engine = new TestEngine({ reserveBytes: 64 * 1024 ** 2 });
  }

  /** Empty data sets and so many clients; the first of them speaks RESP3. `admin`: a connection to the real server, which stays the caller's. */
  static async begin(port: number, admin: RawConnection, clients: number, title: string): Promise<Interleaved> {
    await admin.call('FLUSHALL');
    const all = new Interleaved(admin, title);
    for (let n = 0; n < clients; n++) {
      const theirs = await RawConnection.connect(port);
      const ours = all.engine.session();
      if (n === 0) {
        ours.call('HELLO', '3'); // what it tells is another thing
        await theirs.call('HELLO', '3');
      }
      const theirId = Buffer.from(await theirs.call('CLIENT', 'ID'))
        .toString()
        .slice(1)
        .trim();
      all.clients.push({ ours, theirs, theirId, isWaiting: false, waitsShortly: false });
    }
    return all;
  }

  /** Clients that may say something. */
  get free(): number[] {
    return this.clients.flatMap(({ isWaiting }, n) => (isWaiting ? [] : [n]));
  }

  isQueuing(client: number): boolean {
    return this.clients[client].ours.session.phase === 'queuing';
  }

  /** The client sends a request, and everybody gets the same. */
  async step(who: number, args: readonly string[]): Promise<void> {
    const client = this.clients[who];
    this.#said.push(`${who}: ${args.join(' ')}`);
    this.engine.now = Date.now();
    const isShort = shortAt(args);
    const mine = args.map((arg) => arg.replace(ID, (_, n: string) => String(this.clients[Number(n)].ours.session.id)));
    const its = args.map((arg, i) =>
      i === isShort ? LONG : arg.replace(ID, (_, n) => this.clients[Number(n)].theirId),
    );
    const reply = client.ours.call(...mine).slice();
    client.isWaiting = reply.length === 0;
    client.waitsShortly = client.isWaiting && isShort >= 0;
    client.theirs.send(...its);
    await this.#compare(who, reply);
  }

  /** So much time passes that who waits no longer than SHORT is answered. */
  async pass(): Promise<void> {
    const waiting = this.clients.filter(({ waitsShortly }) => waitsShortly);
    if (waiting.length === 0) return;
    this.#said.push('time passes');
    if (this.engine.ctx.role.paused !== 'nothing') await this.unpause();
    this.engine.pass(SHORT_MS);
    for (const { theirId } of waiting) await this.#admin.call('CLIENT', 'UNBLOCK', theirId);
    await this.#compare(-1, new Uint8Array(0));
  }

  /** Somebody who is none of the clients lets one of them go, which waits. */
  async unblock(client: number): Promise<void> {
    this.#said.push(`client ${client} is unblocked`);
    const { ours, theirId } = this.clients[client];
    this.engine.text('CLIENT', 'UNBLOCK', ours.session.id);
    await this.#admin.call('CLIENT', 'UNBLOCK', theirId);
    await this.#compare(-1, new Uint8Array(0));
  }

  /** Nobody is paused any more, and nobody waits. */
  async letGo(): Promise<void> {
    await this.unpause();
    for (let client = 0; client < this.clients.length; client++) await this.unblock(client);
  }

  /** Nobody is paused any more. */
  async unpause(): Promise<void> {
    this.#said.push('clients are unpaused');
    this.engine.text('CLIENT', 'UNPAUSE');
    await this.#admin.call('CLIENT', 'UNPAUSE');
    await this.#compare(-1, new Uint8Array(0));
  }

  async #compare(who: number, reply: Uint8Array): Promise<void> {
    // What was sent before is done, and all its replies are written, behind the second of two round trips; they are read behind this turn.
    await this.#admin.call('PING');
    await this.#admin.call('PING');
    await turn();
    for (let n = 0; n < this.clients.length; n++) {
      const client = this.clients[n];
      const late = Buffer.from(client.ours.late(), 'latin1');
      const ours = n === who ? Buffer.concat([reply, late]) : late;
      // WAIT is answered here at once, and there when its time is over.
      for (let left = LATE_MS_MAX; left > 0 && ours.length > client.theirs.size; left--) await sleep(1);
      const theirs = client.theirs.take();
      if (Buffer.compare(ours, theirs) !== 0) {
        const behind = this.#said.slice(-SHOWN_STEPS).join('\n');
        assert.equal(show(ours), show(theirs), `${this.#title}, client ${n}, behind\n${behind}`);
      }
      if (late.length > 0 && n !== who) this.late++;
      if (ours.length > 0) this.#said.push(`    ${n} ◀ ${show(ours)}`);
      if (ours.length > 0) client.isWaiting = client.waitsShortly = false;
    }
  }

  /** The data sets are the same, and a replica's is that of the log. */
  async end(looks: readonly (readonly string[])[]): Promise<void> {
    const ours = this.engine.session();
    for (const args of looks) {
      const mine = show(ours.call(...args));
      assert.equal(mine, show(await this.#admin.call(...args)), `${this.#title}: ${args.join(' ')}`);
    }
    assert.deepEqual(this.engine.replica().contents(), this.engine.contents(), this.#title);
    for (const { theirs } of this.clients) theirs.close();
  }
}

/** Where the request has a time-out that `pass` outlasts; -1: nowhere. */
function shortAt(args: readonly string[]): number {
  const block = args.indexOf('BLOCK') + 1;
  return block > 0 && args[block] === SHORT_BLOCK ? block : args.indexOf(SHORT);
}
