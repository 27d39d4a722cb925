/**
 * The link's frames: `u32 length` (of all that follows), `u8 type`, `u32 session`, payload; little-endian. See docs/internals/link-protocol.md.
 *
 * Client bytes (INPUT, OUTPUT) are never assembled: their payload is handed on in whatever pieces it arrives in, since
 * the receiver takes any split anyway. Only the small control frames are waited for.
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
} as const;

export type FrameType = (typeof FRAME)[keyof typeof FRAME];

const TYPE_MAX = 13;
export const HEADER_BYTES = 9;
/** What the length counts besides the payload. */
const LENGTH_EXTRA = 5;
/** Larger INPUT and OUTPUT are split by the sender. */
export const DATA_PAYLOAD_MAX = 256 * 1024;
export const CONTROL_PAYLOAD_MAX = 4096;
export const LINK_VERSION = 1;
const MAGIC = 'WEIRLINK';

export interface FrameHandler {
  /** A whole control frame, or a piece of an INPUT or OUTPUT; the bytes are borrowed. */
  onFrame(type: number, session: number, buf: Uint8Array, start: number, end: number): void;
  /** Nothing is reported after it. */
  onMalformed(reason: string): void;
}

function isData(type: number): boolean {
  return type === FRAME.INPUT || type === FRAME.OUTPUT;
}

export class FrameReader {
  private readonly handler: FrameHandler;
  private readonly header = new Uint8Array(HEADER_BYTES);
  private headerLength = 0;
  private type = 0;
  private session = 0;
  private remaining = 0;
  private control: Uint8Array | null = null;
  private controlLength = 0;
  private dead = false;

  constructor(handler: FrameHandler) {
    this.handler = handler;
  }

  /** Ends the reading; for the handler, when it has given the link up. */
  stop(): void {
    this.dead = true;
  }

  push(buf: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && !this.dead) {
      if (this.remaining > 0) {
        at = this.payload(buf, at, end);
        continue;
      }
      if (this.headerLength === 0 && end - at >= HEADER_BYTES) {
        this.beginFrame(buf, at);
        at += HEADER_BYTES;
      } else {
        this.header[this.headerLength++] = buf[at++];
        if (this.headerLength < HEADER_BYTES) continue;
        this.headerLength = 0;
        this.beginFrame(this.header, 0);
      }
      if (this.remaining === 0 && !this.dead) this.handler.onFrame(this.type, this.session, buf, at, at);
    }
  }

  private beginFrame(buf: Uint8Array, at: number): void {
    const length = (buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24)) >>> 0;
    const type = buf[at + 4];
    this.type = type;
    this.session = (buf[at + 5] | (buf[at + 6] << 8) | (buf[at + 7] << 16) | (buf[at + 8] << 24)) >>> 0;
    if (type === 0 || type > TYPE_MAX) return this.malformed(`unknown frame type ${type}`);
    if (length < LENGTH_EXTRA) return this.malformed(`frame length ${length}`);
    const payload = length - LENGTH_EXTRA;
    if (payload > (isData(type) ? DATA_PAYLOAD_MAX : CONTROL_PAYLOAD_MAX))
      return this.malformed(`payload of ${payload} bytes in a frame of type ${type}`);
    this.remaining = payload;
  }

  private payload(buf: Uint8Array, at: number, end: number): number {
    const n = Math.min(this.remaining, end - at);
    if (isData(this.type) || (this.control === null && n === this.remaining)) {
      this.remaining -= n;
      this.handler.onFrame(this.type, this.session, buf, at, at + n);
      return at + n;
    }
    if (this.control === null) {
      this.control = new Uint8Array(this.remaining);
      this.controlLength = 0;
    }
    this.control.set(buf.subarray(at, at + n), this.controlLength);
    this.controlLength += n;
    this.remaining -= n;
    if (this.remaining === 0) {
      const control = this.control;
      this.control = null;
      this.handler.onFrame(this.type, this.session, control, 0, control.length);
    }
    return at + n;
  }

  private malformed(reason: string): void {
    this.dead = true;
    this.handler.onMalformed(reason);
  }
}

const WRITER_BYTES_MIN = 64 * 1024;

/** Frames of one turn in one buffer. Consecutive data of one session become one frame. */
export class FrameWriter {
  buf = new Uint8Array(WRITER_BYTES_MIN);
  length = 0;
  private lastType = 0;
  private lastSession = 0;
  private lastStart = 0;

  clear(): void {
    this.length = 0;
    this.lastType = 0;
  }

  frame(type: FrameType, session: number, buf: Uint8Array, start: number, end: number): void {
    let at = start;
    do {
      const n = Math.min(end - at, DATA_PAYLOAD_MAX);
      this.one(type, session, buf, at, at + n);
      at += n;
    } while (at < end);
  }

  private one(type: FrameType, session: number, buf: Uint8Array, start: number, end: number): void {
    const n = end - start;
    this.reserve(HEADER_BYTES + n);
    const out = this.buf;
    if (type === this.lastType && session === this.lastSession && isData(type)) {
      const total = this.length - this.lastStart - HEADER_BYTES + n;
      if (total <= DATA_PAYLOAD_MAX) {
        this.putU32(this.lastStart, total + LENGTH_EXTRA);
        this.putBytes(buf, start, end);
        return;
      }
    }
    const at = this.length;
    this.putU32(at, n + LENGTH_EXTRA);
    out[at + 4] = type;
    this.putU32(at + 5, session);
    this.length = at + HEADER_BYTES;
    this.lastType = type;
    this.lastSession = session;
    this.lastStart = at;
    this.putBytes(buf, start, end);
  }

  private putU32(at: number, value: number): void {
    const out = this.buf;
    out[at] = value;
    out[at + 1] = value >>> 8;
    out[at + 2] = value >>> 16;
    out[at + 3] = value >>> 24;
  }

  private putBytes(buf: Uint8Array, start: number, end: number): void {
    const out = this.buf;
    let at = this.length;
    if (end - start <= 48) for (let i = start; i < end; i++) out[at++] = buf[i];
    else out.set(buf.subarray(start, end), at);
    this.length += end - start;
  }

  private reserve(n: number): void {
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
}

export function encodeOpen(info: OpenPayload): Uint8Array {
  const remote = Buffer.from(info.remoteAddr).subarray(0, 1024);
  const local = Buffer.from(info.localAddr).subarray(0, 1024);
  const out = Buffer.alloc(9 + remote.length + local.length);
  out[0] = info.unixSocket ? 1 : 0;
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
    unixSocket: b[0] === 1,
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
