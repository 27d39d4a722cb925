/** One engine as the ingress sees it: what it reports, the link to it, and how much is asked of it. */

import type { Member } from '@weir/cluster';
import type { EnginePort, LinkCommand } from '@weir/link';

/** The ingress's end of a link: what routing needs of SocketLinkClient. */
export interface EngineLink extends EnginePort {
  readonly commands: readonly LinkCommand[];
  readonly up: boolean;
  /** How long nothing has come from the engine, though it was asked. */
  readonly silentMs: number;
  run(): void;
  stop(): Promise<void>;
  /** A sign of life is asked for. */
  ping(): void;
  awaitPosition(position: number): void;
  confirm(done: (position: number | null) => void): void;
}

/** What is told of a link. */
export interface LinkEvents {
  onChange(isUp: boolean): void;
  onPosition(position: number): void;
}

export type ConnectEngine = (member: Member, address: string, events: LinkEvents) => EngineLink;

/** Who waits until an engine has reached a position. */
export interface PositionWaiter {
  reached(): void;
}

/** An engine that says nothing for so long is asked nothing new. */
const SILENT_MS = 2500;

export class Upstream {
  member: Member;
  readonly address: string;
  readonly link: EngineLink;
  /** Requests on their way, of all connections. */
  outstanding = 0;
  /** It gave requests back lately: it gets none until then, by the monotonic clock. */
  restsUntilMs = 0;
  /** How far behind the master it was, the last time that was looked at. */
  lagMs = 0;
  /** Reads that it was sent. */
  reads = 0;
  #waiting: { readonly position: number; readonly waiter: PositionWaiter }[] = [];

  constructor(member: Member, connect: ConnectEngine, onChange: (upstream: Upstream, isUp: boolean) => void) {
    this.member = member;
    this.address = member.link!;
    this.link = connect(member, this.address, {
      onChange: (isUp) => {
        this.#waiting = [];
        if (isUp) this.look();
        onChange(this, isUp);
      },
      onPosition: (position) => this.#reached(position),
    });
  }

  get id(): string {
    return this.member.id;
  }

  /**
   * What it has applied, or knows to be stored, at least, as this link told. Its report may be of the process before, which had more than one that begins
   * anew has.
   */
  get position(): number {
    return this.link.position;
  }

  /** Asks where it is. */
  look(): void {
    this.link.ping();
    this.link.awaitPosition(0);
  }

  /** It may be asked for reads. */
  canRead(nowMs: number, lagMsMax: number): boolean {
    const { link, member } = this;
    // One that is catching up answers with what it has, and how far that goes is known.
    if (!link.up || member.role !== 'slave' || member.state === 'loading') return false;
    return nowMs >= this.restsUntilMs && this.lagMs <= lagMsMax && link.silentMs < SILENT_MS;
  }

  /** Calls `waiter.reached()` when the engine is known to be there. It is forgotten when the link is lost. */
  waitFor(position: number, waiter: PositionWaiter): void {
    this.#waiting.push({ position, waiter });
    this.link.awaitPosition(position);
  }

  #reached(position: number): void {
    const before = this.#waiting;
    this.#waiting = [];
    let next = Infinity;
    for (const one of before) {
      if (one.position <= position) one.waiter.reached();
      else {
        this.#waiting.push(one);
        if (one.position < next) next = one.position;
      }
    }
    if (next < Infinity) this.link.awaitPosition(next);
  }
}
