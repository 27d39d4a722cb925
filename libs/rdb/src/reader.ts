// A push parser. The file is a sequence of items (the header, an opcode with its operands, an entry with its value); whole items are
// read straight from the chunk that holds them, and only an item that the chunk's end cuts is kept.
//
//   header ──▶ body ──▶ trailer ──▶ done          trailer: versions ≥ 5
//             │  ▲  ▲
//             │  │  └──▶ value                     a value of many items, read one by one
//             ▼  │ end opcode
//             module                               data of a module that belongs to no key: refused unless there is none
//
//   any ──▶ failed: the first error, which every later call throws again
//
// Memory: an incomplete item costs at most about twice what has arrived of it, whatever length it claims; a compressed string
// additionally what it expands to, which is known to be possible (88 times at most) before it is allocated.

import { Crc64 } from './crc64.ts';
import { RdbError } from './errors.ts';
import {
  MODULE_OP_DOUBLE,
  MODULE_OP_EOF,
  MODULE_OP_FLOAT,
  MODULE_OP_SINT,
  MODULE_OP_STRING,
  MODULE_OP_UINT,
  OP_AUX,
  OP_EOF,
  OP_EXPIRE_MS,
  OP_EXPIRE_SECONDS,
  OP_FREQ,
  OP_FUNCTION2,
  OP_FUNCTION_PRE_GA,
  OP_IDLE,
  OP_KEY_META,
  OP_MODULE_AUX,
  OP_RESIZEDB,
  OP_SELECTDB,
  OP_SLOT_INFO,
  RDB_VERSION_READ_MAX,
  RDB_VERSION_VALKEY,
  TYPE_MODULE_2,
  TYPE_MODULE_PRE_GA,
  TYPE_NAMES,
  typeName,
} from './format.ts';
import { MAX_STRING_BYTES_DEFAULT, RdbInput } from './input.ts';
import { libraryName, moduleName } from './module-id.ts';
import { KeyScout } from './scout.ts';
import type { RdbReaderApi, RdbReaderOptions, RdbSink } from './types.ts';
import { isReadable, printableKey, RdbEntry, ValueReader } from './values.ts';

type State = 'header' | 'body' | 'value' | 'module' | 'trailer' | 'done' | 'failed';

const HEADER_BYTES = 9;
const TRAILER_BYTES = 8;
const CHECKSUM_SINCE_VERSION = 5;
const DB_MAX = 0x7fffffff;
const MAGIC = [0x52, 0x45, 0x44, 0x49, 0x53]; // REDIS, and four digits
const MAGIC_VALKEY = [0x56, 0x41, 0x4c, 0x4b, 0x45, 0x59]; // VALKEY, and three

const PENDING_BYTES_MIN = 64 * 1024;
/** A larger buffer is given back once the item it was grown for is read. */
const PENDING_KEPT_BYTES = 1024 * 1024;

const EMPTY = new Uint8Array(0);

export class RdbReader implements RdbReaderApi {
  readonly #sink: RdbSink;
  readonly #verifyChecksum: boolean;
  readonly #input: RdbInput;
  readonly #entry = new RdbEntry();
  readonly #values: ValueReader;
  readonly #crc = new Crc64();
  readonly #scout = new KeyScout();
  readonly #scouts: boolean;
  /** Start, in the input's buffer, of what the checksum has not seen. */
  #crcFrom = 0;
  /** Of what is pending, the bytes that the checksum has: a long string is summed as it comes, not in one go when it is whole. */
  #summed = 0;
  #state: State = 'header';
  #failure: unknown = undefined;
  #version = 0;
  #isValkey = false;
  /** Name and version of the module whose data follows. */
  #module = '';

  /** The incomplete item: pending[0, pendingLen), of which at least `needed` bytes must be there before the next try. */
  #pending: Uint8Array = EMPTY;
  #pendingLen = 0;
  #needed = 0;
  /** Offset in the file of the incomplete item, or of the next chunk. */
  #offset = 0;

  constructor(sink: RdbSink, options: RdbReaderOptions = {}) {
    this.#sink = sink;
    this.#scouts = sink.keysAhead !== undefined;
    this.#values = new ValueReader(sink, this.#entry);
    this.#verifyChecksum = options.verifyChecksum ?? true;
    this.#input = new RdbInput(options.maxStringBytes ?? MAX_STRING_BYTES_DEFAULT);
  }

  get finished(): boolean {
    return this.#state === 'done';
  }

  /** What kind of file it says it is; '' before the header was read. */
  get format(): string {
    return this.#version === 0 ? '' : `${this.#isValkey ? "Valkey's " : ''}RDB version ${this.#version}`;
  }

  push(chunk: Uint8Array): void {
    if (this.#state === 'failed') throw this.#failure;
    if (chunk.length === 0) return;
    try {
      if (this.#pendingLen === 0) {
        // A Buffer is another shape than a Uint8Array, and the loops below are to see one.
        const plain =
          chunk.constructor === Uint8Array ? chunk : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
        const consumed = this.#parse(plain, plain.length);
        if (consumed < plain.length) this.#keep(plain, consumed);
      } else {
        this.#keep(chunk, 0);
        if (this.#pendingLen < this.#needed) return this.#sumPending();
        const consumed = this.#parse(this.#pending, this.#pendingLen);
        if (consumed !== 0) this.#dropPending(consumed);
      }
    } catch (error) {
      // Who builds values knows nothing of offsets.
      if (!(error instanceof RdbError) || error.offset >= 0) this.#fail(error);
      const at = this.#input.fileOffset + this.#input.itemStart;
      this.#fail(new RdbError(error.code, error.message, at));
    }
  }

  end(): void {
    if (this.#state === 'failed') throw this.#failure;
    if (this.#state === 'done') return;
    const at = this.#offset + this.#pendingLen;
    this.#fail(new RdbError('truncated', 'The file ends before its end-of-file mark', at));
  }

  #fail(error: unknown): never {
    this.#state = 'failed';
    this.#failure = error;
    this.#pending = EMPTY;
    this.#pendingLen = 0;
    this.#release();
    throw error;
  }

  /** Copies chunk[from…] behind what is pending. Growth follows what arrived, not what was claimed. */
  #keep(chunk: Uint8Array, from: number): void {
    const added = chunk.length - from;
    const required = this.#pendingLen + added;
    if (this.#pending.length < required) {
      const grown = new Uint8Array(
        Math.max(required, PENDING_BYTES_MIN, Math.min(2 * this.#pending.length, this.#needed)),
      );
      grown.set(this.#pending.subarray(0, this.#pendingLen));
      this.#pending = grown;
    }
    this.#pending.set(from === 0 ? chunk : chunk.subarray(from), this.#pendingLen);
    this.#pendingLen = required;
  }

  /** All of it belongs to the item that is not whole yet. */
  #sumPending(): void {
    if (!this.#verifyChecksum || this.#state === 'trailer') return;
    this.#crc.update(this.#pending, this.#summed, this.#pendingLen - this.#summed);
    this.#summed = this.#pendingLen;
  }

  #dropPending(count: number): void {
    const rest = this.#pendingLen - count;
    if (this.#pending.length > PENDING_KEPT_BYTES && rest < PENDING_BYTES_MIN) {
      const small = new Uint8Array(PENDING_BYTES_MIN);
      small.set(this.#pending.subarray(count, this.#pendingLen));
      this.#pending = small;
    } else {
      this.#pending.copyWithin(0, count, this.#pendingLen);
    }
    this.#pendingLen = rest;
  }

  /** Reads all whole items of buf[0, end); returns where the first incomplete one begins. */
  #parse(buf: Uint8Array, end: number): number {
    const input = this.#input;
    input.buf = buf;
    input.pos = 0;
    input.end = end;
    input.fileOffset = this.#offset;
    this.#crcFrom = this.#summed;
    do input.itemStart = input.pos;
    while (input.pos < end && this.#item());
    const consumed = input.itemStart;
    this.#needed = input.need - consumed;
    this.#offset += consumed;
    this.#checksumTo(consumed);
    this.#summed = Math.max(0, this.#summed - consumed);
    this.#release();
    return consumed;
  }

  #release(): void {
    if (this.#scouts) {
      this.#scout.reset();
      this.#sink.keysAhead!(EMPTY, this.#scout.places, 0);
    }
    this.#input.release();
    this.#values.release();
    if (this.#state !== 'value') this.#entry.keyBuf = EMPTY; // else it is the entry's own copy
  }

  #checksumTo(pos: number): void {
    if (!this.#verifyChecksum || this.#state === 'done' || pos <= this.#crcFrom) return;
    this.#crc.update(this.#input.buf, this.#crcFrom, pos - this.#crcFrom);
    this.#crcFrom = pos;
  }

  /** One item: true when read and told, false when bytes are missing. */
  #item(): boolean {
    switch (this.#state) {
      case 'body':
        return this.#bodyItem();
      case 'value':
        if (!this.#values.step(this.#input)) return false;
        if (this.#values.done) this.#endEntry();
        return true;
      case 'header':
        return this.#headerItem();
      case 'module':
        return this.#moduleItem();
      case 'trailer':
        return this.#trailerItem();
      default:
        return this.#input.fail('trailing-data', 'There are bytes behind the end of the file');
    }
  }

  #headerItem(): boolean {
    const input = this.#input;
    const buf = input.buf;
    const isValkey = buf[0] === MAGIC_VALKEY[0];
    const magic = isValkey ? MAGIC_VALKEY : MAGIC;
    for (let i = 0; i < magic.length && i < input.end; i++) {
      if (buf[i] !== magic[i]) input.fail('bad-magic', 'Wrong signature: this is no RDB file');
    }
    if (!input.has(HEADER_BYTES)) {
      input.need = input.end + 1; // look at every byte: a wrong one is not to wait for the nine
      return false;
    }
    let version = 0;
    for (let i = magic.length; i < HEADER_BYTES; i++) {
      const digit = buf[i] - 0x30;
      if (digit < 0 || digit > 9) input.fail('bad-magic', 'Wrong signature: the version is no number');
      version = version * 10 + digit;
    }
    this.#version = version;
    this.#isValkey = isValkey;
    if (isValkey ? version !== RDB_VERSION_VALKEY : version < 1 || version > RDB_VERSION_READ_MAX) {
      input.fail('unsupported-version', `Can't handle RDB format version ${version}`);
    }
    input.pos = HEADER_BYTES;
    this.#state = 'body';
    this.#sink.header(version);
    return true;
  }

  #bodyItem(): boolean {
    const input = this.#input;
    if (this.#scouts && input.pos >= this.#scout.end) this.#lookAhead();
    const op = input.buf[input.pos++];
    if (op < TYPE_NAMES.length) return this.#entryItem(op);
    switch (op) {
      case OP_EXPIRE_MS:
        if (!input.has(8)) return false;
        this.#entry.expireAtMs = expiryMs(input.buf, input.pos);
        input.pos += 8;
        return true;
      case OP_EXPIRE_SECONDS:
        if (!input.has(4)) return false;
        this.#entry.expireAtMs = expirySeconds(input.buf, input.pos);
        input.pos += 4;
        return true;
      case OP_IDLE:
        if (!input.readPlainLength()) return false;
        this.#entry.lruIdleSeconds = safe(input.length);
        return true;
      case OP_FREQ:
        if (!input.has(1)) return false;
        this.#entry.lfuFreq = input.buf[input.pos++];
        return true;
      case OP_SELECTDB:
        if (!input.readPlainLength()) return false;
        if (input.length > DB_MAX) input.fail('bad-length', `Impossible database number ${input.length}`);
        this.#entry.db = input.length;
        this.#sink.selectDb(input.length);
        return true;
      case OP_RESIZEDB:
        return this.#resizeDbItem();
      case OP_AUX:
        return this.#auxItem();
      case OP_SLOT_INFO: // slot, keys, expires: hints for a cluster
        return input.readPlainLength() && input.readPlainLength() && input.readPlainLength();
      case OP_FUNCTION2:
        if (!input.readString(input.valueScratch)) return false;
        if (this.#sink.functionLibrary === undefined) this.#refuseFunction(libraryName(input.copyString()));
        else this.#sink.functionLibrary(input.copyString());
        return true;
      case OP_FUNCTION_PRE_GA: // name, engine, description, code: of 7.0's release candidates, and Redis 7.0 loads them
        if (!input.readString(input.valueScratch)) return false;
        return this.#refuseFunction(Buffer.from(input.copyString()).toString('utf8'));
      case OP_MODULE_AUX:
        return this.#moduleAuxItem();
      case OP_KEY_META:
        if (this.#version !== RDB_VERSION_VALKEY && this.#version < RDB_VERSION_READ_MAX)
          return this.#refuseType(op, '');
        return input.fail(
          'unsupported-opcode',
          this.#isValkey
            ? 'An import of slots that is not finished (opcode 243) cannot be loaded'
            : 'Data of a module that is attached to a key (opcode 243) cannot be loaded',
        );
      case OP_EOF:
        return this.#endOfFile();
      default:
        return this.#refuseType(op, '');
    }
  }

  #lookAhead(): void {
    const { buf, pos, end } = this.#input;
    const count = this.#scout.look(buf, pos, end);
    // Also of none: the places of the keys before are overwritten.
    this.#sink.keysAhead!(buf, this.#scout.places, count);
  }

  #entryItem(type: number): boolean {
    const input = this.#input;
    const entry = this.#entry;
    const readable = isReadable(type);
    if (!readable && typeName(type, this.#version) === undefined) this.#refuseType(type, '');
    if (!input.readString(input.keyScratch)) return false;
    entry.keyBuf = input.strBuf;
    entry.keyOff = input.strOff;
    entry.keyLen = input.strLen;
    if (!readable) {
      const key = printableKey(entry.keyBuf, entry.keyOff, entry.keyLen);
      if (type !== TYPE_MODULE_2 && type !== TYPE_MODULE_PRE_GA) return this.#refuseType(type, key);
      if (!input.readLength64()) return false;
      return this.#refuseType(type, key, `, written by module ${moduleName(input.lengthHigh, input.lengthLow)},`);
    }
    if (!this.#values.begin(input, type)) return false;
    if (this.#values.done) this.#endEntry();
    else this.#state = 'value';
    return true;
  }

  #endEntry(): void {
    const entry = this.#entry;
    this.#state = 'body';
    entry.expireAtMs = -1;
    entry.lruIdleSeconds = -1;
    entry.lfuFreq = -1;
  }

  #resizeDbItem(): boolean {
    const input = this.#input;
    if (!input.readPlainLength()) return false;
    const keys = safe(input.length);
    if (!input.readPlainLength()) return false;
    this.#sink.resizeDb(keys, safe(input.length));
    return true;
  }

  #auxItem(): boolean {
    const input = this.#input;
    if (!input.readString(input.keyScratch)) return false;
    const keyBuf = input.strBuf;
    const keyOff = input.strOff;
    const keyLen = input.strLen;
    if (!input.readString(input.valueScratch)) return false;
    this.#sink.aux(new Uint8Array(keyBuf.subarray(keyOff, keyOff + keyLen)), input.copyString());
    return true;
  }

  /** Module's number; then `when` (before or behind the keys), which is an opcode and an integer. */
  #moduleAuxItem(): boolean {
    const input = this.#input;
    if (!input.readLength64()) return false;
    this.#module = moduleName(input.lengthHigh, input.lengthLow);
    if (!input.readPlainLength()) return false;
    if (input.length !== MODULE_OP_UINT) {
      input.fail('bad-module-data', `Opcode ${input.length} stands where data of module ${this.#module} begins`);
    }
    if (!input.readPlainLength()) return false;
    this.#state = 'module';
    return true;
  }

  /** Modules without anything to save write a field all the same: nothing is lost with that. */
  #moduleItem(): boolean {
    const input = this.#input;
    if (!input.readPlainLength()) return false;
    switch (input.length) {
      case MODULE_OP_EOF:
        this.#state = 'body';
        this.#sink.moduleField?.(this.#module);
        return true;
      case MODULE_OP_SINT:
      case MODULE_OP_UINT:
      case MODULE_OP_FLOAT:
      case MODULE_OP_DOUBLE:
      case MODULE_OP_STRING:
        return input.fail('unsupported-module', `Data of module ${this.#module} that belongs to no key would be lost`);
      default:
        return input.fail('bad-module-data', `Unknown module opcode ${input.length} in data of module ${this.#module}`);
    }
  }

  #refuseFunction(name: string): never {
    return this.#input.fail(
      'unsupported-function',
      `The function library ${name} would be lost: it is in the form of a release candidate of Redis 7.0, or its reader takes none`,
    );
  }

  /** Throws for a type without a reader. */
  #refuseType(type: number, key: string, module = ''): never {
    const name = typeName(type, this.#version);
    if (name === undefined) return this.#input.fail('unknown-type', `Unknown type or opcode ${type}`);
    return this.#input.fail(
      'unsupported-type',
      `Values of type ${name} (${type})${module} are not supported, key ${key} of database ${this.#entry.db}`,
    );
  }

  #endOfFile(): boolean {
    if (this.#version < CHECKSUM_SINCE_VERSION) return this.#done();
    this.#checksumTo(this.#input.pos);
    this.#state = 'trailer';
    return true;
  }

  #trailerItem(): boolean {
    const input = this.#input;
    if (!input.has(TRAILER_BYTES)) return false;
    const at = input.pos;
    let computed = false;
    for (let i = at; i < at + TRAILER_BYTES; i++) if (input.buf[i] !== 0) computed = true;
    if (computed && this.#verifyChecksum && !this.#crc.equals(input.buf, at)) {
      input.fail('checksum', `Wrong checksum: the file's bytes give ${this.#crc.hex()}`);
    }
    input.pos = at + TRAILER_BYTES;
    return this.#done();
  }

  #done(): boolean {
    this.#state = 'done';
    this.#sink.end();
    return true;
  }
}

function safe(value: number): number {
  return value > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : value;
}

/** -1 means none in the file too; any other time before the epoch is as expired as the epoch is. */
function expiryMs(buf: Uint8Array, at: number): number {
  const low = (buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24)) >>> 0;
  const high = buf[at + 4] | (buf[at + 5] << 8) | (buf[at + 6] << 16) | (buf[at + 7] << 24);
  if (high < 0) return high === -1 && low === 0xffffffff ? -1 : 0;
  return safe(high * 0x100000000 + low);
}

function expirySeconds(buf: Uint8Array, at: number): number {
  const seconds = buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24);
  return seconds < 0 ? 0 : seconds * 1000;
}
