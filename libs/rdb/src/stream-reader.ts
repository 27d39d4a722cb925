// A stream in the file, in the order of its items:
//
//   node… ──▶ meta and number of groups ──▶ { group and number of its pending entries ──▶ pending…
//             ──▶ number of consumers ──▶ { consumer and number of its pending entries ──▶ ID… }… }…
//
// Version 1 (Redis 5) has no first ID, highest deleted ID and counters; version 3 (7.2) has active times of consumers.

import type { RdbInput } from './input.ts';
import { compareStreamIds, copyStreamId, STREAM_ID_ZERO, StreamNodeCheck } from './stream-node.ts';
import type { StreamIdParts } from './stream-node.ts';
import type { RdbSink, RdbStreamMeta } from './types.ts';

type Item = 'node' | 'meta' | 'group' | 'pending' | 'consumers' | 'consumer' | 'consumer-pending' | 'none';

const ID_BYTES = 16;

export class StreamReader {
  readonly #sink: RdbSink;
  readonly #damaged: (input: RdbInput, why: string) => never;
  readonly #node = new StreamNodeCheck();
  readonly #id: StreamIdParts = new Uint32Array(4);
  readonly #highest: StreamIdParts = new Uint32Array(4);
  readonly #first: StreamIdParts = new Uint32Array(4);
  readonly #last: StreamIdParts = new Uint32Array(4);
  readonly #meta: RdbStreamMeta = {
    length: 0,
    lastMsHi: 0,
    lastMsLo: 0,
    lastSeqHi: 0,
    lastSeqLo: 0,
    firstMsHi: 0,
    firstMsLo: 0,
    firstSeqHi: 0,
    firstSeqLo: 0,
    maxDeletedMsHi: 0,
    maxDeletedMsLo: 0,
    maxDeletedSeqHi: 0,
    maxDeletedSeqLo: 0,
    entriesAddedHi: 0,
    entriesAddedLo: 0,
  };
  #version = 0;
  #item: Item = 'none';
  #nodes = 0;
  #groups = 0;
  #consumers = 0;
  #pending = 0;
  /** Live entries in the nodes so far. */
  #live = 0;
  #anyNode = false;

  constructor(sink: RdbSink, damaged: (input: RdbInput, why: string) => never) {
    this.#sink = sink;
    this.#damaged = damaged;
  }

  get done(): boolean {
    return this.#item === 'none';
  }

  begin(version: number, nodes: number): void {
    this.#version = version;
    this.#nodes = nodes;
    this.#live = 0;
    this.#anyNode = false;
    copyStreamId(this.#first, STREAM_ID_ZERO);
    this.#item = nodes === 0 ? 'meta' : 'node';
  }

  step(input: RdbInput): boolean {
    switch (this.#item) {
      case 'node':
        return this.#nodeItem(input);
      case 'consumer-pending':
        return this.#consumerPendingItem(input);
      case 'pending':
        return this.#pendingItem(input);
      case 'consumer':
        return this.#consumerItem(input);
      case 'consumers':
        if (!input.readPlainLength()) return false;
        this.#consumers = input.length;
        this.#nextConsumer();
        return true;
      case 'group':
        return this.#groupItem(input);
      case 'meta':
        return this.#metaItem(input);
      default:
        throw new Error('the stream has no further item');
    }
  }

  #nodeItem(input: RdbInput): boolean {
    if (!input.readString(input.keyScratch)) return false;
    if (input.strLen !== ID_BYTES) this.#damaged(input, `the ID of a node has ${input.strLen} bytes`);
    const id = this.#id;
    bigEndianId(input.strBuf, input.strOff, id);
    if (!input.readString(input.valueScratch)) return false;
    const node = this.#node;
    if (!node.check(input.strBuf, input.strOff, input.strLen, id)) this.#damaged(input, 'a node is broken');
    if (this.#anyNode && compareStreamIds(id, this.#highest) <= 0) this.#damaged(input, 'its nodes are not in order');
    this.#anyNode = true;
    copyStreamId(this.#highest, compareStreamIds(node.highest, id) > 0 ? node.highest : id);
    if (node.live > 0) {
      if (this.#live === 0) copyStreamId(this.#first, node.first);
      this.#live += node.live;
      // Redis frees a node with its last live entry; one without any says nothing.
      this.#sink.streamNode(id[0], id[1], id[2], id[3], input.strBuf, input.strOff, input.strLen);
    }
    if (--this.#nodes === 0) this.#item = 'meta';
    return true;
  }

  #metaItem(input: RdbInput): boolean {
    const meta = this.#meta;
    if (!input.readPlainLength()) return false;
    // Redis believes the length in the file, if there is any node. Ours is that of the entries which are there.
    if (input.length > 0 && !this.#anyNode) this.#damaged(input, 'it claims entries and has no node');
    meta.length = this.#live;
    const last = this.#last;
    if (!this.#readId(input, last)) return false;
    meta.lastMsHi = last[0];
    meta.lastMsLo = last[1];
    meta.lastSeqHi = last[2];
    meta.lastSeqLo = last[3];
    const first = this.#id;
    if (this.#version === 1) {
      copyStreamId(first, STREAM_ID_ZERO);
      meta.maxDeletedMsHi = meta.maxDeletedMsLo = meta.maxDeletedSeqHi = meta.maxDeletedSeqLo = 0;
      meta.entriesAddedHi = Math.floor(this.#live / 0x100000000);
      meta.entriesAddedLo = this.#live >>> 0;
    } else {
      if (!this.#readId(input, first)) return false;
      if (!input.readLength64()) return false;
      meta.maxDeletedMsHi = input.lengthHigh;
      meta.maxDeletedMsLo = input.lengthLow;
      if (!input.readLength64()) return false;
      meta.maxDeletedSeqHi = input.lengthHigh;
      meta.maxDeletedSeqLo = input.lengthLow;
      if (!input.readLength64()) return false;
      meta.entriesAddedHi = input.lengthHigh;
      meta.entriesAddedLo = input.lengthLow;
    }
    if (this.#live > 0) copyStreamId(first, this.#first);
    meta.firstMsHi = first[0];
    meta.firstMsLo = first[1];
    meta.firstSeqHi = first[2];
    meta.firstSeqLo = first[3];
    if (!input.readPlainLength()) return false;
    if (this.#anyNode && compareStreamIds(last, this.#highest) < 0) {
      this.#damaged(input, 'it has entries behind its last ID');
    }
    this.#groups = input.length;
    this.#sink.streamMeta(meta);
    this.#nextGroup();
    return true;
  }

  #groupItem(input: RdbInput): boolean {
    if (!input.readString(input.keyScratch)) return false;
    const { strBuf, strOff, strLen } = input;
    const id = this.#id;
    if (!this.#readId(input, id)) return false;
    let readHi: number;
    let readLo: number;
    if (this.#version === 1) {
      const read = this.#entriesReadTo(id);
      readHi = Math.floor(read / 0x100000000) >>> 0;
      readLo = read >>> 0;
    } else {
      if (!input.readLength64()) return false;
      readHi = input.lengthHigh;
      readLo = input.lengthLow;
    }
    if (!input.readPlainLength()) return false;
    this.#pending = input.length;
    this.#sink.streamGroup(strBuf, strOff, strLen, id[0], id[1], id[2], id[3], readHi, readLo);
    this.#item = this.#pending === 0 ? 'consumers' : 'pending';
    return true;
  }

  /** What Redis 7 takes for a group of a stream that does not say: -1 where it cannot be known. */
  #entriesReadTo(id: StreamIdParts): number {
    if (this.#live === 0) return 0;
    const toLast = compareStreamIds(id, this.#last);
    if (toLast === 0) return this.#live;
    if (toLast > 0) return -1;
    const toFirst = compareStreamIds(id, this.#first);
    if (toFirst < 0) return 0;
    return toFirst === 0 ? 1 : -1;
  }

  #pendingItem(input: RdbInput): boolean {
    if (!input.has(ID_BYTES)) return false;
    const id = this.#id;
    bigEndianId(input.buf, input.pos, id);
    input.pos += ID_BYTES;
    if (!input.readMilliseconds() || !input.readLength64()) return false;
    const { milliseconds, lengthHigh, lengthLow } = input;
    this.#sink.streamPending(id[0], id[1], id[2], id[3], milliseconds, lengthHigh, lengthLow);
    if (--this.#pending === 0) this.#item = 'consumers';
    return true;
  }

  #consumerItem(input: RdbInput): boolean {
    if (!input.readString(input.keyScratch)) return false;
    const { strBuf, strOff, strLen } = input;
    if (!input.readMilliseconds()) return false;
    const seenTimeMs = input.milliseconds;
    let activeTimeMs = seenTimeMs; // what Redis 7.2 takes for it
    if (this.#version >= 3) {
      if (!input.readMilliseconds()) return false;
      activeTimeMs = input.milliseconds;
    }
    if (!input.readPlainLength()) return false;
    this.#pending = input.length;
    this.#sink.streamConsumer(strBuf, strOff, strLen, seenTimeMs, activeTimeMs);
    this.#consumers--;
    if (this.#pending === 0) this.#nextConsumer();
    else this.#item = 'consumer-pending';
    return true;
  }

  #consumerPendingItem(input: RdbInput): boolean {
    if (!input.has(ID_BYTES)) return false;
    const id = this.#id;
    bigEndianId(input.buf, input.pos, id);
    input.pos += ID_BYTES;
    this.#sink.streamConsumerPending(id[0], id[1], id[2], id[3]);
    if (--this.#pending === 0) this.#nextConsumer();
    return true;
  }

  #nextConsumer(): void {
    if (this.#consumers > 0) {
      this.#item = 'consumer';
    } else {
      this.#groups--;
      this.#nextGroup();
    }
  }

  #nextGroup(): void {
    this.#item = this.#groups > 0 ? 'group' : 'none';
  }

  #readId(input: RdbInput, id: StreamIdParts): boolean {
    if (!input.readLength64()) return false;
    id[0] = input.lengthHigh;
    id[1] = input.lengthLow;
    if (!input.readLength64()) return false;
    id[2] = input.lengthHigh;
    id[3] = input.lengthLow;
    return true;
  }
}

function bigEndianId(buf: Uint8Array, off: number, id: StreamIdParts): void {
  for (let i = 0, at = off; i < 4; i++, at += 4) {
    id[i] = (buf[at] << 24) | (buf[at + 1] << 16) | (buf[at + 2] << 8) | buf[at + 3];
  }
}
