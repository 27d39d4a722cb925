// Replies as values, for tests and for internal clients (handshakes, bridges). Complete for RESP2 and RESP3,
// streamed strings and aggregates included; every value keeps its type, so that two replies are equal as values
// exactly when they mean the same. A reply may be cut anywhere: finished parts of an unfinished reply are kept
// on a stack and not parsed again.

import { CR, LF, latin1At } from './bytes.ts';

export type Reply =
  | { type: 'simple' | 'error' | 'bigNumber'; value: string }
  | { type: 'int'; value: number | bigint }
  | { type: 'bulk' | 'bulkError'; value: Uint8Array }
  | { type: 'verbatim'; ext: string; value: Uint8Array }
  /** `text` as it came: "1.10" and "1.1" are different bytes. */
  | { type: 'double'; value: number; text: string }
  | { type: 'bool'; value: boolean }
  /** Which of "$-1", "*-1" and "_" it was. */
  | { type: 'nil'; value: 'bulk' | 'array' | 'resp3' }
  | { type: 'array' | 'set' | 'push'; value: Reply[] }
  | { type: 'map' | 'attribute'; value: [Reply, Reply][] };

type AggregateType = 'array' | 'set' | 'push' | 'map' | 'attribute';

/** An aggregate or a streamed string whose end has not come; `left` is -1 until its end marker. */
interface Open {
  type: AggregateType | 'stream';
  left: number;
  items: Reply[];
}

const AGGREGATES: Record<string, AggregateType> = {
  '*': 'array',
  '~': 'set',
  '>': 'push',
  '%': 'map',
  '|': 'attribute',
};
const DEPTH_MAX = 1024;

export class ReplyParser {
  #buf: Uint8Array = new Uint8Array(0);
  #pos = 0;
  #end = 0;
  /** No line end before this position. */
  #seen = 0;
  readonly #open: Open[] = [];

  /** Copies. */
  feed(bytes: Uint8Array): void {
    const left = this.#end - this.#pos;
    if (this.#end + bytes.length > this.#buf.length) {
      const grown = new Uint8Array(
        left + bytes.length > this.#buf.length ? 2 * (left + bytes.length) : this.#buf.length,
      );
      grown.set(this.#buf.subarray(this.#pos, this.#end));
      this.#seen -= this.#pos;
      this.#buf = grown;
      this.#pos = 0;
      this.#end = left;
    }
    this.#buf.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Bytes that were fed and not yet returned as part of a value. */
  get pendingBytes(): number {
    return this.#end - this.#pos;
  }

  /** The next whole reply, or undefined until more is fed. Throws on what is not RESP; then the parser is dead. */
  next(): Reply | undefined {
    for (;;) {
      const item = this.#item();
      if (item === undefined) return undefined;
      const whole = item === OPENED ? undefined : this.#attach(item);
      if (whole !== undefined) return whole;
    }
  }

  #line(): string | undefined {
    let at = Math.max(this.#seen, this.#pos);
    while (at + 1 < this.#end && !(this.#buf[at] === CR && this.#buf[at + 1] === LF)) at++;
    this.#seen = at;
    return at + 1 < this.#end ? latin1At(this.#buf, this.#pos, at) : undefined;
  }

  /** One value without parts, or the beginning of an aggregate (which goes on the stack), or its end marker. */
  #item(): Reply | typeof OPENED | typeof CLOSED | undefined {
    const line = this.#line();
    if (line === undefined) return undefined;
    const text = line.slice(1);
    const behind = this.#pos + line.length + 2;
    const marker = line[0];
    if (this.#open.at(-1)?.type === 'stream' && marker !== ';') return refuse(line);
    let reply: Reply;
    switch (marker) {
      case '+':
        reply = { type: 'simple', value: text };
        break;
      case '-':
        reply = { type: 'error', value: text };
        break;
      case ':':
        reply = { type: 'int', value: integer(text, line) };
        break;
      case '(':
        if (!/^[+-]?\d+$/.test(text)) return refuse(line);
        reply = { type: 'bigNumber', value: text };
        break;
      case ',':
        reply = { type: 'double', value: double(text, line), text };
        break;
      case '#':
        if (text !== 't' && text !== 'f') return refuse(line);
        reply = { type: 'bool', value: text === 't' };
        break;
      case '_':
        if (text !== '') return refuse(line);
        reply = { type: 'nil', value: 'resp3' };
        break;
      case '$':
      case '!':
      case '=':
      case ';':
        return this.#blob(marker, text, behind);
      case '.':
        if (text !== '' || this.#open.at(-1)?.left !== -1) return refuse(line);
        this.#pos = behind;
        return CLOSED;
      default:
        return this.#aggregate(AGGREGATES[marker] ?? refuse(line), text, behind, line);
    }
    this.#pos = behind;
    return reply;
  }

  #blob(marker: string, text: string, start: number): Reply | typeof OPENED | typeof CLOSED | undefined {
    if (marker === '$' && text === '-1') {
      this.#pos = start;
      return { type: 'nil', value: 'bulk' };
    }
    if (marker === '$' && text === '?') return this.#begin('stream', -1, start);
    const inStream = this.#open.at(-1)?.type === 'stream';
    if (inStream !== (marker === ';')) return refuse(marker + text);
    const length = count(text, marker);
    if (inStream && length === 0) {
      this.#pos = start;
      return CLOSED;
    }
    const end = start + length;
    if (end + 2 > this.#end) return undefined;
    if (this.#buf[end] !== CR || this.#buf[end + 1] !== LF) return refuse('no line end behind a bulk');
    const value = this.#buf.slice(start, end);
    this.#pos = end + 2;
    if (marker === '!') return { type: 'bulkError', value };
    if (marker !== '=') return { type: 'bulk', value };
    if (length < 4 || value[3] !== 58) return refuse('verbatim string without a format');
    return { type: 'verbatim', ext: latin1At(value, 0, 3), value: value.slice(4) };
  }

  #aggregate(type: AggregateType, text: string, behind: number, line: string): Reply | typeof OPENED {
    if (type === 'array' && text === '-1') {
      this.#pos = behind;
      return { type: 'nil', value: 'array' };
    }
    if (text === '?') return this.#begin(type, -1, behind);
    const length = count(text, line[0]);
    if (length > 0) return this.#begin(type, type === 'map' || type === 'attribute' ? 2 * length : length, behind);
    this.#pos = behind;
    return finish({ type, left: 0, items: [] });
  }

  #begin(type: Open['type'], left: number, behind: number): typeof OPENED {
    if (this.#open.length === DEPTH_MAX) return refuse('nested too deep');
    this.#pos = behind;
    this.#open.push({ type, left, items: [] });
    return OPENED;
  }

  /** Puts a finished value where it belongs; returns it when it belongs nowhere. */
  #attach(item: Reply | typeof CLOSED): Reply | undefined {
    let value = item === CLOSED ? finish(this.#open.pop()!) : item;
    for (;;) {
      const parent = this.#open.at(-1);
      if (parent === undefined) return value;
      parent.items.push(value);
      // an attribute stands before an element and is not counted as one
      if (value.type !== 'attribute' && parent.left > 0) parent.left--;
      if (parent.left !== 0) return undefined;
      this.#open.pop();
      value = finish(parent);
    }
  }
}

const OPENED = Symbol('opened');
const CLOSED = Symbol('closed');

function finish(open: Open): Reply {
  const { type, items } = open;
  if (type === 'stream') {
    const parts = Buffer.concat(items.map((part) => part.value as Uint8Array));
    return { type: 'bulk', value: new Uint8Array(parts) };
  }
  if (type !== 'map' && type !== 'attribute') return { type, value: items };
  const plain = items.filter((item) => item.type !== 'attribute');
  if (plain.length % 2 !== 0) return refuse('a key without a value');
  return { type, value: Array.from({ length: plain.length / 2 }, (_, i) => [plain[2 * i], plain[2 * i + 1]]) };
}

function integer(text: string, line: string): number | bigint {
  if (!/^[+-]?\d{1,19}$/.test(text)) return refuse(line);
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

function double(text: string, line: string): number {
  const name = /^([+-]?)(inf|nan)$/i.exec(text);
  if (name !== null) return name[2].toLowerCase() === 'nan' ? NaN : name[1] === '-' ? -Infinity : Infinity;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : refuse(line);
}

function count(text: string, marker: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : refuse(marker + text);
}

function refuse(what: string): never {
  throw new Error(`not RESP: ${JSON.stringify(what.slice(0, 64))}`);
}
