/**
 * The link's frames: `u32 length` (of all that follows), `u8 type`, `u32 session`, payload; little-endian. See docs/internals/link-protocol.md.
 *
 * Client bytes (INPUT, OUTPUT) are never assembled: their payload is handed on in whatever pieces it arrives in, since
 * the receiver takes any split anyway. Only the small control frames are waited for, and what an OUTPUT begins with: how many
 * whole replies have gone out by its end, whether it ends within one, and the log position that they depend on.
 *
 * LINK_VERSION: both ends have the same one, or the link is refused with a sentence that names both.
 *   1  the first
 *   2  OUTPUT begins with replies and position; the engine's HELLO is followed by COMMANDS
 *   3  what an ingress that routes needs: OPEN says that it does, OUTPUT whether it ends within a reply, COMMANDS which node answers; STATE, BOUNCED,
 *      AWAIT, POSITION, CONFIRM, CONFIRMED, ALIVE. `replies` are requests answered, those without a reply (CLIENT REPLY OFF) included
 */

export const FRAME = {
  HELLO: 1,
  OPEN: 2,
  INPUT: 3,
  ENDED: 4,
  TAKEN: 5,
  CLOSED: 6,
  OUTPUT: 7,
  CLOSE: 8,
  DESTROY: 9,
  PAUSE: 10,
  RESUME: 11,
  PING: 12,
  PONG: 13,
  COMMANDS: 14,
  STATE: 15,
  BOUNCED: 16,
  AWAIT: 17,
  POSITION: 18,
  CONFIRM: 19,
  CONFIRMED: 20,
  ALIVE: 21,
} as const;

export type FrameType = (typeof FRAME)[keyof typeof FRAME];

const TYPE_MAX = 21;
export const HEADER_BYTES = 9;
/** What the length counts besides the payload. */
const LENGTH_EXTRA = 5;
/** Before the bytes of an OUTPUT: u31 replies, u1 ends within a reply, u64 position. */
export const OUTPUT_PREFIX_BYTES = 12;
/** Larger INPUT and OUTPUT are split by the sender. */
export const DATA_PAYLOAD_MAX = 256 * 1024;
export const CONTROL_PAYLOAD_MAX = 4096;
/** The command table, once a link and from the engine only. */
export const COMMANDS_PAYLOAD_MAX = 1024 * 1024;
export const LINK_VERSION = 3;
const MAGIC = 'WEIRLINK';
const CUT = 2 ** 31;

export interface FrameHandler {
  /**
   * A whole control frame, or a piece of an INPUT or OUTPUT; the bytes are borrowed. The last piece of an OUTPUT comes with what the frame
   * began with; any other with zeros.
   */
  onFrame(
    type: number,
    session: number,
    buf: Uint8Array,
    start: number,
    end: number,
    replies: number,
    position: number,
  ): void;
  /** Nothing is reported after it. */
  onMalformed(reason: string): void;
}

function isData(type: number): boolean {
  return type === FRAME.INPUT || type === FRAME.OUTPUT;
}

function getU32(buf: Uint8Array, at: number): number {
  return (buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24)) >>> 0;
}

export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #commandsMax: number;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerLength = 0;
  readonly #prefix = new Uint8Array(OUTPUT_PREFIX_BYTES);
  /** Bytes of the prefix that are still to come. */
  #prefixMissing = 0;
  /** Of the OUTPUT that is handed on: its bytes so far end within a reply, or may. */
  cut = false;
  #replies = 0;
  #endsWithin = false;
  #position = 0;
  #type = 0;
  #session = 0;
  #remaining = 0;
  #control: Uint8Array | null = null;
  #controlLength = 0;
  #dead = false;

  /** `commandsMax`: bytes of a command table that are taken; 0 for an engine, which gets none. */
  constructor(handler: FrameHandler, commandsMax = COMMANDS_PAYLOAD_MAX) {
    this.#handler = handler;
    this.#commandsMax = commandsMax;
  }

  /** Ends the reading; for the handler, when it has given the link up. */
  stop(): void {
    this.#dead = true;
  }

  push(buf: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && !this.#dead) {
      if (this.#prefixMissing > 0) {
        at = this.#readPrefix(buf, at, end);
        continue;
      }
      if (this.#remaining > 0) {
        at = this.#payload(buf, at, end);
        continue;
      }
      if (this.#headerLength === 0 && end - at >= HEADER_BYTES) {
        this.#beginFrame(buf, at);
        at += HEADER_BYTES;
      } else {
        this.#header[this.#headerLength++] = buf[at++];
        if (this.#headerLength < HEADER_BYTES) continue;
        this.#headerLength = 0;
        this.#beginFrame(this.#header, 0);
      }
      if (this.#remaining === 0 && this.#prefixMissing === 0 && !this.#dead) {
        this.#handler.onFrame(this.#type, this.#session, buf, at, at, 0, 0);
      }
    }
  }

  #readPrefix(buf: Uint8Array, at: number, end: number): number {
    const from = OUTPUT_PREFIX_BYTES - this.#prefixMissing;
    const n = Math.min(this.#prefixMissing, end - at);
    for (let i = 0; i < n; i++) this.#prefix[from + i] = buf[at + i];
    this.#prefixMissing -= n;
    if (this.#prefixMissing > 0) return at + n;
    const p = this.#prefix;
    const replies = getU32(p, 0);
    this.#endsWithin = replies >= CUT;
    this.#replies = replies % CUT;
    this.#position = getU32(p, 4) + getU32(p, 8) * 2 ** 32;
    if (this.#position > Number.MAX_SAFE_INTEGER) this.#malformed(`position ${this.#position}`);
    // Replies without bytes: those before them were cut off just at a frame's end.
    else if (this.#remaining === 0) {
      this.cut = this.#endsWithin;
      this.#handler.onFrame(this.#type, this.#session, buf, at + n, at + n, this.#replies, this.#position);
    }
    return at + n;
  }

  #beginFrame(buf: Uint8Array, at: number): void {
    const length = getU32(buf, at);
    const type = buf[at + 4];
    this.#type = type;
    this.#session = getU32(buf, at + 5);
    if (type === 0 || type > TYPE_MAX) return this.#malformed(`unknown frame type ${type}`);
    if (length < LENGTH_EXTRA) return this.#malformed(`frame length ${length}`);
    const prefix = type === FRAME.OUTPUT ? OUTPUT_PREFIX_BYTES : 0;
    const payload = length - LENGTH_EXTRA - prefix;
    if (payload < 0 || payload > this.#payloadMax(type))
      return this.#malformed(`payload of ${payload} bytes in a frame of type ${type}`);
    this.#remaining = payload;
    this.#prefixMissing = prefix;
  }

  #payloadMax(type: number): number {
    if (type === FRAME.COMMANDS) return this.#commandsMax;
    return isData(type) ? DATA_PAYLOAD_MAX : CONTROL_PAYLOAD_MAX;
  }

  #payload(buf: Uint8Array, at: number, end: number): number {
    const n = Math.min(this.#remaining, end - at);
    if (isData(this.#type) || (this.#control === null && n === this.#remaining)) {
      this.#remaining -= n;
      const last = this.#type === FRAME.OUTPUT && this.#remaining === 0;
      this.cut = !last || this.#endsWithin;
      this.#handler.onFrame(
        this.#type,
        this.#session,
        buf,
        at,
        at + n,
        last ? this.#replies : 0,
        last ? this.#position : 0,
      );
      return at + n;
    }
    if (this.#control === null) {
      this.#control = new Uint8Array(this.#remaining);
      this.#controlLength = 0;
    }
    this.#control.set(buf.subarray(at, at + n), this.#controlLength);
    this.#controlLength += n;
    this.#remaining -= n;
    if (this.#remaining === 0) {
      const control = this.#control;
      this.#control = null;
      this.#handler.onFrame(this.#type, this.#session, control, 0, control.length, 0, 0);
    }
    return at + n;
  }

  #malformed(reason: string): void {
    this.#dead = true;
    this.#handler.onMalformed(reason);
  }
}

const WRITER_BYTES_MIN = 64 * 1024;

/** Frames of one turn in one buffer. Consecutive data of one session become one frame. */
export class FrameWriter {
  buf = new Uint8Array(WRITER_BYTES_MIN);
  length = 0;
  #lastType = 0;
  #lastSession = 0;
  #lastStart = 0;

  clear(): void {
    this.length = 0;
    this.#lastType = 0;
  }

  /** Of an OUTPUT: the replies that end with its last byte or before, the position they depend on, and whether it ends within one. */
  frame(
    type: FrameType,
    session: number,
    buf: Uint8Array,
    start: number,
    end: number,
    replies = 0,
    position = 0,
    cut = false,
  ): void {
    let at = start;
    do {
      const n = Math.min(end - at, DATA_PAYLOAD_MAX);
      this.#one(type, session, buf, at, at + n);
      at += n;
    } while (at < end);
    if (type === FRAME.OUTPUT) this.#addToPrefix(replies, position, cut);
  }

  #one(type: FrameType, session: number, buf: Uint8Array, start: number, end: number): void {
    const n = end - start;
    const prefix = type === FRAME.OUTPUT ? OUTPUT_PREFIX_BYTES : 0;
    this.#reserve(HEADER_BYTES + prefix + n);
    const out = this.buf;
    if (type === this.#lastType && session === this.#lastSession && isData(type)) {
      const total = this.length - this.#lastStart - HEADER_BYTES - prefix + n;
      if (total <= DATA_PAYLOAD_MAX) {
        this.#putU32(this.#lastStart, total + prefix + LENGTH_EXTRA);
        this.#putBytes(buf, start, end);
        return;
      }
    }
    const at = this.length;
    this.#putU32(at, n + prefix + LENGTH_EXTRA);
    out[at + 4] = type;
    this.#putU32(at + 5, session);
    out.fill(0, at + HEADER_BYTES, at + HEADER_BYTES + prefix);
    this.length = at + HEADER_BYTES + prefix;
    this.#lastType = type;
    this.#lastSession = session;
    this.#lastStart = at;
    this.#putBytes(buf, start, end);
  }

  /** The last frame is an OUTPUT; several that became one have the sum of their replies, the last position, and the end of the last. */
  #addToPrefix(replies: number, position: number, cut: boolean): void {
    const at = this.#lastStart + HEADER_BYTES;
    this.#putU32(at, (getU32(this.buf, at) % CUT) + replies + (cut ? CUT : 0));
    if (position === 0) return;
    this.#putU32(at + 4, position >>> 0);
    this.#putU32(at + 8, Math.floor(position / 2 ** 32));
  }

  #putU32(at: number, value: number): void {
    const out = this.buf;
    out[at] = value;
    out[at + 1] = value >>> 8;
    out[at + 2] = value >>> 16;
    out[at + 3] = value >>> 24;
  }

  #putBytes(buf: Uint8Array, start: number, end: number): void {
    const out = this.buf;
    let at = this.length;
    if (end - start <= 48) for (let i = start; i < end; i++) out[at++] = buf[i];
    else out.set(buf.subarray(start, end), at);
    this.length += end - start;
  }

  #reserve(n: number): void {
    const need = this.length + n;
    if (need <= this.buf.length) return;
    const grown = new Uint8Array(Math.max(need, this.buf.length * 2));
    grown.set(this.buf.subarray(0, this.length));
    this.buf = grown;
  }
}

// ------------------------------------------------------------------------------------------------------ control payloads

export const NO_PAYLOAD = new Uint8Array(0);

export function encodeHello(version = LINK_VERSION): Uint8Array {
  const out = Buffer.alloc(MAGIC.length + 2);
  out.write(MAGIC, 0, 'latin1');
  out.writeUInt16LE(version, MAGIC.length);
  return out;
}

/** The peer's version; undefined when it is not a hello. */
export function decodeHello(buf: Uint8Array, start: number, end: number): number | undefined {
  const b = Buffer.from(buf.buffer, buf.byteOffset + start, end - start);
  if (b.length < MAGIC.length + 2 || b.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined;
  return b.readUInt16LE(MAGIC.length);
}

export interface OpenPayload {
  readonly remoteAddr: string;
  readonly localAddr: string;
  readonly fd: number;
  readonly unixSocket: boolean;
  readonly routed?: boolean;
}

export function encodeOpen(info: OpenPayload): Uint8Array {
  const remote = Buffer.from(info.remoteAddr).subarray(0, 1024);
  const local = Buffer.from(info.localAddr).subarray(0, 1024);
  const out = Buffer.alloc(9 + remote.length + local.length);
  out[0] = (info.unixSocket ? 1 : 0) | (info.routed === true ? 2 : 0);
  out.writeInt32LE(info.fd, 1);
  out.writeUInt16LE(remote.length, 5);
  out.writeUInt16LE(local.length, 7);
  remote.copy(out, 9);
  local.copy(out, 9 + remote.length);
  return out;
}

export function decodeOpen(buf: Uint8Array, start: number, end: number): OpenPayload | undefined {
  const b = Buffer.from(buf.buffer, buf.byteOffset + start, end - start);
  if (b.length < 9) return undefined;
  const remoteEnd = 9 + b.readUInt16LE(5);
  const localEnd = remoteEnd + b.readUInt16LE(7);
  if (localEnd !== b.length) return undefined;
  return {
    unixSocket: (b[0] & 1) !== 0,
    ...((b[0] & 2) === 0 ? {} : { routed: true }),
    fd: b.readInt32LE(1),
    remoteAddr: b.toString('utf8', 9, remoteEnd),
    localAddr: b.toString('utf8', remoteEnd, localEnd),
  };
}

export function encodeU32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return out;
}

export function decodeU32(buf: Uint8Array, start: number, end: number): number | undefined {
  if (end - start !== 4) return undefined;
  return new DataView(buf.buffer, buf.byteOffset + start, 4).getUint32(0, true);
}

/** A log position. */
export function encodeU64(value: number): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(value), true);
  return out;
}

/** Undefined when it is no position. */
export function decodeU64(buf: Uint8Array, start: number, end: number): number | undefined {
  if (end - start !== 8) return undefined;
  const value = Number(new DataView(buf.buffer, buf.byteOffset + start, 8).getBigUint64(0, true));
  return Number.isSafeInteger(value) ? value : undefined;
}
