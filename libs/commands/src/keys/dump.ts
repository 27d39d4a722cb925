import { ValueLoader, dumpValue, opsOfType, setLru } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import { DumpEncoder, parsePayload, verifyPayload } from '@weir/rdb';
import type { RdbSink } from '@weir/rdb';
import type { Request } from '@weir/resp';
import { NOT_AN_INTEGER, SYNTAX_ERROR, bigIntArg, integerArg, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { DEL, UNLINK } from '../core/effect-words.ts';
import { BEYOND, INT64_MAX, parseInt64 } from '../core/integer.ts';
import { restoreEntry, restoreString } from '../core/entries.ts';
import { oneKey } from '../core/key-specs.ts';

const compressing = new DumpEncoder(true);
const plain = new DumpEncoder(false);

export const dump: Command = {
  name: 'dump',
  arity: 2,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Return a serialized version of the value stored at the specified key.',
    since: '2.6.0',
    group: 'generic',
    complexity:
      'O(1) to access the key and additional O(N*M) to serialize it, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1).',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const ref = ctx.lookupRead(1);
    if (ref === 0) {
      ctx.reply.nil();
      return;
    }
    const encoder = ctx.config.bool.rdbcompression ? compressing : plain;
    const payload = dumpValue(ctx.keyspace, ref, encoder);
    ctx.reply.bulk(payload, 0, payload.length);
  },
};

export const restore: Command = {
  name: 'restore',
  arity: -4,
  flags: ['write', 'denyoom'],
  acl: ['keyspace', 'dangerous'],
  keySpecs: [oneKey('OW', 'update')],
  docs: {
    summary: 'Create a key using the provided serialized value, previously obtained using DUMP.',
    since: '2.6.0',
    group: 'generic',
    complexity:
      'O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).',
    history: [
      ['3.0.0', 'Added the `REPLACE` modifier.'],
      ['5.0.0', 'Added the `ABSTTL` modifier.'],
      ['5.0.0', 'Added the `IDLETIME` and `FREQ` options.'],
    ],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'ttl', type: 'integer' },
      { name: 'serialized-value', type: 'string' },
      { name: 'replace', type: 'pure-token', token: 'REPLACE', since: '3.0.0', flags: ['optional'] },
      { name: 'absttl', type: 'pure-token', token: 'ABSTTL', since: '5.0.0', flags: ['optional'] },
      { name: 'seconds', type: 'integer', token: 'IDLETIME', since: '5.0.0', flags: ['optional'] },
      { name: 'frequency', type: 'integer', token: 'FREQ', since: '5.0.0', flags: ['optional'] },
    ],
  },
  run: restoreKey,
};

/** RESTORE for MIGRATE between nodes of a Redis cluster, where it also stands for ASKING. */
export const restoreAsking: Command = {
  name: 'restore-asking',
  arity: -4,
  flags: ['write', 'denyoom', 'asking'],
  acl: ['keyspace', 'dangerous'],
  keySpecs: [oneKey('OW', 'update')],
  docs: {
    summary: 'An internal command for migrating keys in a cluster',
    since: '3.0.0',
    group: 'server',
    complexity:
      'O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).',
    docFlags: ['syscmd'],
    history: [
      ['3.0.0', 'Added the `REPLACE` modifier.'],
      ['5.0.0', 'Added the `ABSTTL` modifier.'],
      ['5.0.0', 'Added the `IDLETIME` and `FREQ` options.'],
    ],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'ttl', type: 'integer' },
      { name: 'serialized-value', type: 'string' },
      { name: 'replace', type: 'pure-token', token: 'REPLACE', since: '3.0.0', flags: ['optional'] },
      { name: 'absttl', type: 'pure-token', token: 'ABSTTL', since: '5.0.0', flags: ['optional'] },
      { name: 'seconds', type: 'integer', token: 'IDLETIME', since: '5.0.0', flags: ['optional'] },
      { name: 'frequency', type: 'integer', token: 'FREQ', since: '5.0.0', flags: ['optional'] },
    ],
  },
  run: restoreKey,
};

function restoreKey(ctx: Context, req: Request): void {
  const reply = ctx.reply;
  let replace = false;
  let absolute = false;
  let idle = -1;
  let frequency = -1;
  for (let i = 4; i < req.argc; i++) {
    const more = i + 1 < req.argc;
    if (isWord(req, i, 'replace')) replace = true;
    else if (isWord(req, i, 'absttl')) absolute = true;
    else if (more && frequency === -1 && isWord(req, i, 'idletime')) {
      idle = integerArg(ctx, ++i);
      if (idle !== idle) return;
      if (idle < 0) {
        reply.error('ERR Invalid IDLETIME value, must be >= 0');
        return;
      }
    } else if (more && idle === -1 && isWord(req, i, 'freq')) {
      frequency = integerArg(ctx, ++i);
      if (frequency !== frequency) return;
      if (frequency < 0 || frequency > 255) {
        reply.error('ERR Invalid FREQ value, must be >= 0 and <= 255');
        return;
      }
    } else {
      reply.error(SYNTAX_ERROR);
      return;
    }
  }
  if (!replace && ctx.lookupWrite(1) !== 0) {
    reply.error('BUSYKEY Target key name already exists.');
    return;
  }
  const when = readTtl(ctx, absolute);
  if (when !== when) return;
  if (verifyPayload(req.buf, req.off(3), req.len(3)) !== 'ok') {
    reply.error('ERR DUMP payload version or checksum are wrong');
    return;
  }
  // Only now: what REPLACE would have replaced stays when the payload is bad, be it expired.
  const ref = ctx.lookupWrite(1);
  sink.ctx = ctx;
  sink.ref = ref;
  sink.when = when;
  sink.idle = idle;
  sink.frequency = frequency;
  const { buf } = req;
  try {
    const key = req.off(1);
    const result = parsePayload(buf, req.off(3), req.len(3), sink, 0, buf, key, req.len(1), -1, idle, frequency);
    if (result !== 'ok') {
      reply.error('ERR Bad data format');
      return;
    }
    sink.keep();
  } finally {
    sink.drop();
  }
  if (sink.expired) {
    // It has expired on the way: all that is left to do is what REPLACE asks for.
    if (ref !== 0) {
      const effect = ctx.effect(2);
      effect.raw(ctx.keyspace.lazyfree.lazyfreeLazyServerDel ? UNLINK : DEL);
      effect.argBytes(buf, req.off(1), req.len(1));
    }
  } else if (when < 0 || absolute) ctx.propagate();
  else {
    const effect = ctx.effect(req.argc + 1);
    for (let i = 0; i < req.argc; i++) {
      if (i === 2) effect.argInt(when);
      else effect.argBytes(buf, req.off(i), req.len(i));
    }
    effect.argLatin1('ABSTTL');
  }
  reply.ok();
}

/** The expire time; -1: none. NaN: answered. */
function readTtl(ctx: Context, absolute: boolean): number {
  const req = ctx.req;
  const n = parseInt64(req.buf, req.args[4], req.args[5]);
  if (n !== n) {
    ctx.reply.error(NOT_AN_INTEGER);
    return n;
  }
  if (n < 0 || (n === BEYOND && bigIntArg(req, 2) < 0n)) {
    ctx.reply.error('ERR Invalid TTL value, must be >= 0');
    return NaN;
  }
  if (n === 0) return -1;
  if (n === BEYOND) {
    // Redis does not look for an overflow here: such a time is long ago.
    const when = bigIntArg(req, 2) + (absolute ? 0n : BigInt(ctx.now));
    return when > INT64_MAX ? 0 : Number.MAX_SAFE_INTEGER;
  }
  return Math.min(Number.MAX_SAFE_INTEGER, absolute ? n : n + ctx.now);
}

/** Where the codec leaves the value: the request's key gets it. */
class RestoreSink extends ValueLoader implements RdbSink {
  ctx!: Context;
  ref: Ref = 0;
  when = -1;
  idle = -1;
  frequency = -1;

  /** The time has come on the way. A slave and the log keep such a key: the DEL comes from the master. */
  get expired(): boolean {
    const { now, role } = this.ctx;
    return this.when >= 0 && this.when <= now && role.ownsExpiry;
  }

  string(
    _db: number,
    _keyBuf: Uint8Array,
    _keyOff: number,
    _keyLen: number,
    buf: Uint8Array,
    off: number,
    len: number,
  ): void {
    if (this.expired) this.#removeReplaced();
    else this.#setRecency(restoreString(this.ctx, 1, buf, off, len, this.when, this.ref));
  }

  beginValue(
    object: number,
    _db: number,
    _keyBuf: Uint8Array,
    _keyOff: number,
    _keyLen: number,
    sizeHint: number,
  ): void {
    const { keyspace } = this.ctx;
    this.begin(keyspace.space, keyspace.detached(object, opsOfType(object).emptyEncoding), object, sizeHint);
  }

  endValue(): void {
    this.finish();
  }

  /** Gives the value that was built, if it is no string, to its key. Throws with everything as it was. */
  keep(): void {
    const { holder } = this;
    if (holder === 0) return;
    if (this.expired) {
      this.#removeReplaced();
      return;
    }
    this.holder = 0;
    this.#setRecency(restoreEntry(this.ctx, 1, holder, this.when, this.ref));
  }

  /** What was built and not kept goes. */
  drop(): void {
    if (this.holder !== 0) this.ctx.keyspace.dropDetached(this.holder);
    this.holder = 0;
  }

  protected describe(): string {
    return 'the value';
  }

  #removeReplaced(): void {
    if (this.ref !== 0) this.ctx.removeEntry(1, this.ref);
  }

  #setRecency(ref: Ref): void {
    const { arena, keyspace, now } = this.ctx;
    const { recency } = keyspace;
    let lru = recency.initial(now);
    if (recency.lfu && this.frequency >= 0) lru = recency.fromFrequency(this.frequency, now);
    if (!recency.lfu && this.idle >= 0) lru = recency.fromIdle(this.idle, now);
    setLru(arena, ref, lru);
  }

  // A payload has none of these.
  header(): void {}
  aux(): void {}
  selectDb(): void {}
  resizeDb(): void {}
  end(): void {}
}

const sink = new RestoreSink();
