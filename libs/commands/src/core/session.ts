/**
 * What a connection means to the keyspace: its database, protocol, name and rights. The engine makes one for every
 * connection; the log is applied through one of its own.
 */

import type { User } from '../acl/user.ts';
import { PHASES, executes, isEnding } from './phase.ts';
import type { Phase, SessionAction, SessionEvent } from './phase.ts';
import type { Subscriptions } from './pubsub.ts';
import type { Tracking } from './tracking.ts';
import type { Transaction } from './transaction.ts';

export interface SessionControl {
  /** Closes the connection once what was answered is sent. */
  close(): void;
  /** Closes it at once. */
  destroy(): void;
  readonly pendingOutputBytes: number;
  readonly queryBufferBytes: number;
  /**
   * Sends bytes that are no reply, lent for the call, behind all that was answered so far. Absent: nobody is there to be told. For the session whose
   * command is at work see `Context.push`.
   */
  readonly push?: (buf: Uint8Array, start: number, end: number) => void;
  /** What the connection's buffers take, where that is known better than by the two above. */
  readonly memory?: () => ClientMemory;
}

/** Bytes that a connection keeps in memory, as CLIENT LIST tells them. */
export interface ClientMemory {
  /** Requests that are not executed yet, whole or cut: `qbuf`. */
  readonly query: number;
  /** Room in the same buffers: `qbuf-free`. */
  readonly queryFree: number;
  /** Table of the arguments of a request that is not whole yet; their bytes are in `query`: `argv-mem`. */
  readonly argv: number;
  /** Replies on their way to the client, and those that wait for the log: `omem`. */
  readonly output: number;
  /** All of that, and the connection itself: `tot-mem`. */
  readonly total: number;
}

/** What a connection keeps in memory. */
export function memoryOf(session: Session): ClientMemory {
  const { control } = session;
  if (control.memory !== undefined) return control.memory();
  const { queryBufferBytes: query, pendingOutputBytes: output } = control;
  return { query, queryFree: 0, argv: 0, output, total: query + output };
}

export const REPLY_ON = 0;
export const REPLY_OFF = 1;
/** CLIENT REPLY SKIP: the next command's reply is dropped … */
export const REPLY_SKIP_NEXT = 2;
/** … which is this one. */
export const REPLY_SKIP = 3;

export class Session {
  readonly id: number;
  control: SessionControl;
  db = 0;
  resp: 2 | 3 = 2;
  /** Authenticated as a user who may do everything, and in the phase `normal`: its requests are executed without a further look at any of that. */
  isPlain = false;
  #authenticated = false;
  #user: User | null = null;
  name = '';
  libName = '';
  libVersion = '';
  remoteAddr: string;
  localAddr: string;
  fd: number;
  unixSocket: boolean;
  noEvict = false;
  noTouch = false;
  replyMode = REPLY_ON;
  /** Ends the wait of a blocked session: with an error, or without one ('') as by its time-out. It may end with it. Set while it waits. */
  unblock: ((error: string, quits?: boolean) => void) | null = null;
  /** A request of it waits for the end of a pause (CLIENT PAUSE). */
  isPostponed = false;
  /** What is kept for the command that waits. */
  waitingBytes = 0;
  /** What MULTI began, and the queue of the transaction before for the next one; null before the first. */
  transaction: Transaction | null = null;
  /** Channels and patterns that it listens to; null: none. PubSub keeps them. */
  subscriptions: Subscriptions | null = null;
  /** Counts up with each of its subscriptions, and their ends. */
  subscriptionTurns = 0;
  /** Number of the last record with a change of its own: what it publishes after that must not be heard before that is stored. */
  lastRecord = 0;
  #phase: Phase = 'normal';
  /** The phase that it was in before it queued, waited or subscribed. */
  #before: Phase = 'normal';
  readonly createdMs: number;
  lastInteractionMs: number;
  /** `set`, or `config|get`, or NULL before the first. */
  lastCommand = 'NULL';
  /** Where the last write of this session ends in the log: what WAIT waits for. */
  lastWriteOffset = 0;
  inputBytes = 0;
  outputBytes = 0;

  constructor(init: {
    id: number;
    control: SessionControl;
    authenticated: boolean;
    /** Who it is, and may do what; absent: nobody, whom nothing is kept from. */
    user?: User;
    nowMs: number;
    remoteAddr?: string;
    localAddr?: string;
    fd?: number;
    unixSocket?: boolean;
  }) {
    this.id = init.id;
    this.control = init.control;
    this.#user = init.user ?? null;
    this.authenticated = init.authenticated;
    this.createdMs = init.nowMs;
    this.lastInteractionMs = init.nowMs;
    this.remoteAddr = init.remoteAddr ?? '';
    this.localAddr = init.localAddr ?? '';
    this.fd = init.fd ?? -1;
    this.unixSocket = init.unixSocket ?? false;
  }
  get authenticated(): boolean {
    return this.#authenticated;
  }

  set authenticated(authenticated: boolean) {
    this.#authenticated = authenticated;
    this.#settle();
  }

  get user(): User | null {
    return this.#user;
  }

  /** Setting the same one again takes over what has changed about him. */
  set user(user: User | null) {
    this.#user = user;
    this.#settle();
  }

  #settle(): void {
    const user = this.#user;
    this.isPlain = this.#authenticated && this.#phase === 'normal' && (user === null || user.isUnrestricted);
  }

  /** Where it is in its life: see phase.ts. */
  get phase(): Phase {
    return this.#phase;
  }

  /** A command waits (WAIT …): what follows on this connection is not executed until it is answered. */
  get isBlocked(): boolean {
    return this.#phase === 'blocked';
  }

  /** Requests are executed, as far as nothing else holds them back. */
  get executes(): boolean {
    return this.#phase === 'normal' || executes(this.#phase);
  }

  /** The connection is closed after this reply, or is closed: the rest is not executed. */
  get isEnding(): boolean {
    return this.#phase !== 'normal' && isEnding(this.#phase);
  }

  /** Cut off or closed: nothing is kept for it. */
  get isGone(): boolean {
    return this.#phase === 'killed' || this.#phase === 'gone';
  }

  /** Replies may still be sent: the connection is neither closed nor to be closed behind what was sent. */
  get isAnswerable(): boolean {
    return this.#phase !== 'leaving' && !this.isGone;
  }

  /** It is told of all commands. */
  isMonitor = false;
  /** It is told of changes of what it has read; null: it is not. */
  tracking: Tracking | null = null;

  /** Its connection is one of Redis's class `pubsub`: it has subscriptions. */
  get isSubscriber(): boolean {
    return this.subscriptions !== null && this.subscriptions.total > 0;
  }

  /** Its subscriptions are others, or its protocol is: only in RESP2 do they change which commands run. */
  subscriptionsChanged(): void {
    this.subscriptionTurns++;
    const isLimited = this.resp === 2 && this.isSubscriber;
    if (isLimited && (this.#phase === 'normal' || this.#phase === 'monitor')) this.on('subscribe');
    else if (!isLimited && this.#phase === 'subscribed') this.on('unsubscribe');
  }

  /** Something happens to the session. What is returned is to be done about it, by whoever holds the connection. */
  on(event: SessionEvent): SessionAction {
    const { to, action } = PHASES[this.#phase][event];
    if (action === 'never') throw new Error(`a session that is ${this.#phase} met '${event}'`);
    if (to === 'before') this.#phase = this.#before;
    else if (to !== this.#phase) {
      this.#before = this.#phase;
      this.#phase = to;
    }
    this.#settle();
    return action;
  }
}
