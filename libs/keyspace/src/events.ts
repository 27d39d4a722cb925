/**
 * What can happen to a key, by Redis's names: those that its keyspace notifications publish. Code announces small
 * integers (changes.ts), and only a consumer who tells people needs the name. The numbers are of this process alone:
 * neither the log nor a snapshot has them.
 */

/** Classes of `notify-keyspace-events`, a bit each. */
export const CLASS_GENERIC = 1;
export const CLASS_STRING = 2;
export const CLASS_LIST = 4;
export const CLASS_SET = 8;
export const CLASS_HASH = 16;
export const CLASS_ZSET = 32;
export const CLASS_EXPIRED = 64;
export const CLASS_EVICTED = 128;
export const CLASS_STREAM = 256;
export const CLASS_KEY_MISS = 512;
export const CLASS_MODULE = 1024;
export const CLASS_NEW = 2048;
/**
 * No class of Redis's, but what counts there for WATCH and for clients that track keys (signalModifiedKey), of whatever
 * class.
 */
export const CLASS_CHANGE = 4096;
/** Neither a class of Redis's nor counted there, but a change of the value all the same. */
export const CLASS_QUIET = 8192;
/** Many keys at once, which are not told one by one: see `Changes.tellWhole`. */
export const CLASS_WHOLE = 16384;

/** The letters of `notify-keyspace-events`. `A` stands for all but `m` and `n`. */
export const CLASS_LETTERS: readonly (readonly [letter: string, bit: number])[] = [
  ['g', CLASS_GENERIC],
  ['$', CLASS_STRING],
  ['l', CLASS_LIST],
  ['s', CLASS_SET],
  ['h', CLASS_HASH],
  ['z', CLASS_ZSET],
  ['x', CLASS_EXPIRED],
  ['e', CLASS_EVICTED],
  ['t', CLASS_STREAM],
  ['d', CLASS_MODULE],
  ['m', CLASS_KEY_MISS],
  ['n', CLASS_NEW],
];

/** A kind of event. */
export interface KeyEvent {
  /** As Redis publishes it; '': it publishes nothing of the kind. */
  readonly name: string;
  /** Its class, and those of no notification. */
  readonly bits: number;
}

const table: KeyEvent[] = [];

function event(name: string, bits: number): number {
  table.push({ name, bits });
  return table.length - 1;
}

const of =
  (bits: number) =>
  (name: string): number =>
    event(name, bits | CLASS_CHANGE);

const generic = of(CLASS_GENERIC);
const string = of(CLASS_STRING);
const list = of(CLASS_LIST);
const set = of(CLASS_SET);
const hash = of(CLASS_HASH);
const zset = of(CLASS_ZSET);
const stream = of(CLASS_STREAM);

/** A read found no such key. */
export const KEYMISS = event('keymiss', CLASS_KEY_MISS);
/** The key was not there before. Comes right before what made it. */
export const NEW = event('new', CLASS_NEW | CLASS_CHANGE);
/** A change of which Redis publishes nothing, though it counts for WATCH: the number that PFCOUNT keeps. */
export const CHANGED = event('', CLASS_CHANGE);
/** A change that counts for nobody in Redis, be it in its log: what XREADGROUP, XCLAIM and XACK do to a group. */
export const QUIET = event('', CLASS_QUIET);

export const DEL = generic('del');
export const EXPIRE = generic('expire');
export const PERSIST = generic('persist');
export const RENAME_FROM = generic('rename_from');
export const RENAME_TO = generic('rename_to');
export const COPY_TO = generic('copy_to');
export const MOVE_FROM = generic('move_from');
export const MOVE_TO = generic('move_to');
export const RESTORE = generic('restore');
export const EXPIRED = of(CLASS_EXPIRED)('expired');
export const EVICTED = of(CLASS_EVICTED)('evicted');

export const SET = string('set');
export const SETRANGE = string('setrange');
export const APPEND = string('append');
export const INCRBY = string('incrby');
export const INCRBYFLOAT = string('incrbyfloat');
export const SETBIT = string('setbit');
export const PFADD = string('pfadd');

export const LPUSH = list('lpush');
export const RPUSH = list('rpush');
export const LPOP = list('lpop');
export const RPOP = list('rpop');
export const LINSERT = list('linsert');
export const LSET = list('lset');
export const LREM = list('lrem');
export const LTRIM = list('ltrim');
export const SORTSTORE = list('sortstore');

export const SADD = set('sadd');
export const SREM = set('srem');
export const SPOP = set('spop');
export const SINTERSTORE = set('sinterstore');
export const SUNIONSTORE = set('sunionstore');
export const SDIFFSTORE = set('sdiffstore');

export const HSET = hash('hset');
export const HINCRBY = hash('hincrby');
export const HINCRBYFLOAT = hash('hincrbyfloat');
export const HDEL = hash('hdel');

export const ZADD = zset('zadd');
export const ZINCR = zset('zincr');
export const ZREM = zset('zrem');
export const ZREMRANGEBYRANK = zset('zremrangebyrank');
export const ZREMRANGEBYSCORE = zset('zremrangebyscore');
export const ZREMRANGEBYLEX = zset('zremrangebylex');
export const ZPOPMIN = zset('zpopmin');
export const ZPOPMAX = zset('zpopmax');
export const ZUNIONSTORE = zset('zunionstore');
export const ZINTERSTORE = zset('zinterstore');
export const ZDIFFSTORE = zset('zdiffstore');
export const ZRANGESTORE = zset('zrangestore');
export const GEOSEARCHSTORE = zset('geosearchstore');
export const GEORADIUSSTORE = zset('georadiusstore');

export const XADD = stream('xadd');
export const XDEL = stream('xdel');
export const XTRIM = stream('xtrim');
// These count neither for WATCH nor for clients that track keys.
export const XSETID = event('xsetid', CLASS_STREAM);
export const XGROUP_CREATE = event('xgroup-create', CLASS_STREAM);
export const XGROUP_SETID = event('xgroup-setid', CLASS_STREAM);
export const XGROUP_DESTROY = event('xgroup-destroy', CLASS_STREAM);
export const XGROUP_CREATECONSUMER = event('xgroup-createconsumer', CLASS_STREAM);
export const XGROUP_DELCONSUMER = event('xgroup-delconsumer', CLASS_STREAM);

/** All keys of a database, or of all, are gone (FLUSHDB, FLUSHALL). */
export const FLUSHED = event('', CLASS_WHOLE);
/** Two databases changed places (SWAPDB). */
export const SWAPPED = event('', CLASS_WHOLE);
/** Another data set took the place of the one that was there. */
export const REPLACED = event('', CLASS_WHOLE);

/** Every kind, by its number. */
export const KEY_EVENTS: readonly KeyEvent[] = table;
