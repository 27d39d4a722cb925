/**
 * What a connection is beside its requests, as bytes that another engine takes: so an ingress can have it served by several engines, and knows nothing of
 * SELECT, HELLO or CLIENT SETNAME. The engine that served last is the one that knows.
 *
 * Who a client has authenticated as is not simply said, since whoever reaches the link could say so: it is proven by who knows the hashes of that user's
 * passwords. An engine where the user has others, or is not there, takes the client for one that has to authenticate.
 *
 *   u8 version (2) · u8 bits · u8 reply mode · u32 database · four times u16 length and latin1: name, library's name, its version, user · 32 bytes of proof
 */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { REPLY_ON, Transaction } from '@weir/commands';
import type { Acl, Session, User } from '@weir/commands';
import { STATE_FRAGILE, STATE_PINNED, STATE_SILENT } from '@weir/link';

const VERSION = 2;
const RESP3 = 1;
const AUTHENTICATED = 2;
const NO_EVICT = 4;
const NO_TOUCH = 8;
const QUEUING = 16;
const WATCHING = 32;
const PROOF_BYTES = 32;
const HEAD_BYTES = 7;
const TEXTS = 4;
/** What a frame of the link holds, less its own. A client with a longer name stays where it is. */
const STATE_BYTES_MAX = 4000;

/** STATE_… of the link: whether the session may go on at another engine. */
export function flagsOf(session: Session): number {
  return (session.replyMode === REPLY_ON ? 0 : STATE_SILENT) | bindingOf(session);
}

function bindingOf(session: Session): number {
  if (session.isSubscriber) return STATE_PINNED | STATE_FRAGILE;
  switch (session.phase) {
    case 'queuing':
      return STATE_PINNED;
    case 'subscribed':
    case 'monitor':
      return STATE_PINNED | STATE_FRAGILE;
    default:
      return isWatching(session) ? STATE_PINNED : 0;
  }
}

function isWatching({ transaction }: Session): boolean {
  return transaction !== null && (transaction.watchedBytes > 0 || transaction.isStale);
}

function bitsOf(session: Session): number {
  let bits = session.resp === 3 ? RESP3 : 0;
  if (session.authenticated) bits |= AUTHENTICATED;
  if (session.noEvict) bits |= NO_EVICT;
  if (session.noTouch) bits |= NO_TOUCH;
  if (session.phase === 'queuing') bits |= QUEUING;
  if (isWatching(session)) bits |= WATCHING;
  return bits;
}

/** Remembers what was told of a session, and notices that there is news. */
export class ToldState {
  #flags = 0;
  #bits: number;
  #db = 0;
  #replyMode = REPLY_ON;
  #name = '';
  #libName = '';
  #libVersion = '';
  #user: User | null;

  constructor(session: Session) {
    this.#user = session.user;
    this.#bits = bitsOf(session);
  }

  /** Whether the session is another one than was told last, which it then is as told. */
  changes(session: Session): boolean {
    const bits = bitsOf(session);
    const flags = flagsOf(session);
    const { db, replyMode, name, libName, libVersion, user } = session;
    if (
      bits === this.#bits &&
      flags === this.#flags &&
      db === this.#db &&
      replyMode === this.#replyMode &&
      name === this.#name &&
      libName === this.#libName &&
      libVersion === this.#libVersion &&
      user === this.#user
    )
      return false;
    this.#bits = bits;
    this.#flags = flags;
    this.#db = db;
    this.#replyMode = replyMode;
    this.#name = name;
    this.#libName = libName;
    this.#libVersion = libVersion;
    this.#user = user;
    return true;
  }
}

export interface EncodedState {
  readonly flags: number;
  readonly bytes: Uint8Array;
}

export function encodeState(session: Session): EncodedState {
  const { user } = session;
  const texts = [session.name, session.libName, session.libVersion, user?.name ?? ''].map((text) =>
    Buffer.from(text, 'latin1'),
  );
  const length = HEAD_BYTES + texts.reduce((sum, text) => sum + 2 + text.length, 0) + PROOF_BYTES;
  const flags = flagsOf(session);
  if (length > STATE_BYTES_MAX) return { flags: flags | STATE_PINNED | STATE_FRAGILE, bytes: new Uint8Array(0) };
  const out = Buffer.alloc(length);
  out[0] = VERSION;
  out[1] = bitsOf(session);
  out[2] = session.replyMode;
  out.writeUInt32LE(session.db, 3);
  let at = HEAD_BYTES;
  for (const text of texts) {
    out.writeUInt16LE(text.length, at);
    text.copy(out, at + 2);
    at += 2 + text.length;
  }
  if (session.authenticated && user !== null) proofOf(user, out.subarray(0, at)).copy(out, at);
  return { flags, bytes: out };
}

function proofOf({ passwords }: User, state: Uint8Array): Buffer {
  return createHmac('sha256', `weir session ${passwords.join(' ')}`)
    .update(state)
    .digest();
}

/** What an engine is asked to make a session of. */
export interface Here {
  readonly acl: Acl;
  readonly databases: number;
}

/** `other`: it cannot be that here (another version, another password, fewer databases); `stranger`: it was somebody whom this engine does not take for him. */
export type Decoded = 'same' | 'other' | 'stranger';

/**
 * Makes a session what another engine said of it, as far as it can be that here. `isBroken`: that engine is lost, and with it what
 * was queued and which keys were watched: EXEC then runs nothing, and answers as after a change of a watched key or an error.
 */
export function decodeState(session: Session, buf: Uint8Array, here: Here, isBroken: boolean): Decoded {
  const { acl, databases } = here;
  const bytes = Buffer.from(buf.buffer, buf.byteOffset, buf.length);
  if (bytes.length < HEAD_BYTES + PROOF_BYTES || bytes[0] !== VERSION) return 'other';
  const texts: string[] = [];
  let at = HEAD_BYTES;
  for (let i = 0; i < TEXTS; i++) {
    if (at + 2 > bytes.length) return 'other';
    const end = at + 2 + bytes.readUInt16LE(at);
    if (end > bytes.length) return 'other';
    texts.push(bytes.toString('latin1', at + 2, end));
    at = end;
  }
  if (bytes.length !== at + PROOF_BYTES) return 'other';
  const bits = bytes[1];
  const wasAuthenticated = (bits & AUTHENTICATED) !== 0;
  const user = acl.find(texts[3]);
  const isKnown = wasAuthenticated && user !== undefined && isProven(user, bytes, at);
  const db = bytes.readUInt32LE(3);
  if (db >= databases) return 'other';
  session.user = isKnown ? user : acl.defaultUser;
  session.authenticated = isKnown || acl.isOpen;
  session.resp = (bits & RESP3) !== 0 ? 3 : 2;
  session.noEvict = (bits & NO_EVICT) !== 0;
  session.noTouch = (bits & NO_TOUCH) !== 0;
  session.replyMode = bytes[2];
  session.db = db;
  [session.name, session.libName, session.libVersion] = texts;
  if (isBroken) breakOff(session, bits);
  return isKnown || !wasAuthenticated ? 'same' : 'stranger';
}

/** Whether whoever made that state knows the user's passwords, if he has any. One without passwords who needs one is nobody. */
function isProven(user: User, bytes: Uint8Array, at: number): boolean {
  if (!user.enabled) return false;
  if (user.nopass) return true;
  return user.passwords.length > 0 && timingSafeEqual(bytes.subarray(at), proofOf(user, bytes.subarray(0, at)));
}

function breakOff(session: Session, bits: number): void {
  const wasWatching = (bits & WATCHING) !== 0;
  const wasQueuing = (bits & QUEUING) !== 0;
  if (!wasWatching && !wasQueuing) return;
  const transaction = (session.transaction ??= new Transaction());
  if (wasQueuing && session.phase === 'normal') session.on('multi');
  if (wasWatching) transaction.isStale = true;
  else transaction.isDoomed = true;
}
