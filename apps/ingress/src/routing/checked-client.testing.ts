/**
 * A client that knows what it may be told. It looks into the log of the simulation, which no real client can, and so finds every read that goes back in time:
 * in its own session, or behind what anybody was told before it asked.
 */

import { encodeCommand } from '@weir/resp';
import type { Write } from './simulated.testing.ts';
import { SimSocket } from './simulated.testing.ts';
import type { SimCluster } from './simulated.testing.ts';

interface Asked {
  readonly kind: 'set' | 'get' | 'select';
  /** With its database. */
  readonly key: string;
  readonly value: string;
  /** What anybody had been told of when it was asked. */
  readonly toldBefore: number;
}

/** What all clients together were told of, for the linearizable level. */
export interface Told {
  position: number;
}

export class CheckedClient {
  readonly socket: SimSocket;
  readonly violations: string[] = [];
  readonly acked: string[] = [];
  readonly unknown: string[] = [];
  replies = 0;
  readonly #cluster: SimCluster;
  readonly #name: string;
  readonly #told: Told;
  readonly #isLinearizable: boolean;
  readonly #asked: Asked[] = [];
  /** Everything up to there was shown to this client. */
  #seen = 0;
  #db = 0;
  #writes = 0;

  constructor(cluster: SimCluster, name: string, told: Told, isLinearizable: boolean) {
    this.#cluster = cluster;
    this.#name = name;
    this.#told = told;
    this.#isLinearizable = isLinearizable;
    this.socket = new SimSocket((reply) => this.#replied(reply));
  }

  get outstanding(): number {
    return this.#asked.length;
  }

  /** Sends a few requests at once, as a pipeline that may be cut anywhere. */
  ask(): void {
    const { time } = this.#cluster;
    const parts: Uint8Array[] = [];
    for (let left = 1 + time.below(4); left > 0; left--) parts.push(this.#request());
    const bytes = Buffer.concat(parts);
    const cut = time.random() < 0.2 ? time.below(bytes.length) : bytes.length;
    this.socket.send(bytes.subarray(0, cut));
    if (cut < bytes.length) this.socket.send(bytes.subarray(cut));
  }

  #request(): Uint8Array {
    const { time } = this.#cluster;
    const dice = time.random();
    const name = `k${time.below(5)}`;
    const key = `${this.#db}/${name}`;
    const toldBefore = this.#told.position;
    if (dice < 0.03) {
      this.#db = 1 - this.#db;
      this.#asked.push({ kind: 'select', key: '', value: '', toldBefore });
      return encodeCommand(['SELECT', this.#db]);
    }
    if (dice < 0.3) {
      const value = `${key}:${this.#name}:${this.#writes++}`;
      this.#asked.push({ kind: 'set', key, value, toldBefore });
      return encodeCommand(['SET', name, value]);
    }
    this.#asked.push({ kind: 'get', key, value: '', toldBefore });
    return encodeCommand(['gEt', name]);
  }

  #replied(reply: string | null | Error): void {
    this.replies++;
    const asked = this.#asked.shift();
    if (asked === undefined) return this.#violated(`a reply that nobody asked for: ${String(reply)}`);
    if (reply instanceof Error) {
      if (asked.kind === 'set' && reply.message.startsWith('UNKNOWNOUTCOME'))
        return void this.unknown.push(asked.value);
      return this.#violated(`${asked.kind} was answered with ${reply.message}`);
    }
    if (asked.kind === 'get') return this.#read(asked, reply);
    if (reply !== 'OK') this.#violated(`${asked.kind} was answered with ${String(reply)}`);
    if (asked.kind !== 'set') return;
    this.acked.push(asked.value);
    const written = this.#cluster.log.find(({ value }) => value === asked.value);
    if (written === undefined) return this.#violated(`${asked.value} is not in the log`);
    this.#sees(written);
  }

  #read({ key, toldBefore }: Asked, reply: string | null): void {
    const { log } = this.#cluster;
    const found = reply === null ? undefined : log.find(({ value }) => value === reply);
    if (reply !== null && found?.key !== key) return this.#violated(`a read of ${key} shows ${reply}`);
    const position = found?.position ?? 0;
    const floor = this.#isLinearizable ? Math.max(this.#seen, toldBefore) : this.#seen;
    const newest = log.findLast((write) => write.key === key && write.position <= floor);
    if (newest !== undefined && position < newest.position)
      this.#violated(`a read of ${key} shows ${String(reply)}, though ${newest.value} was shown before`);
    if (found !== undefined) this.#sees(found);
  }

  #sees({ position }: Write): void {
    if (position > this.#seen) this.#seen = position;
    if (position > this.#told.position) this.#told.position = position;
  }

  #violated(what: string): void {
    this.violations.push(`${this.#name}: ${what}`);
  }
}
