import { parseMemory } from '@weir/config';
import {
  ENC_QUICKLIST,
  TYPE_STRING,
  datasetDigest,
  dumpValue,
  encodingName,
  encodingOf,
  keyLength,
  lruOf,
  typeOf,
  valueDigest,
  valueLength,
} from '@weir/keyspace';
import { ArenaFullError } from '@weir/memory';
import type { Ref } from '@weir/memory';
import { DumpEncoder } from '@weir/rdb';
import { refusalOfRole } from '../core/admit.ts';
import { integerArg, isWord, printable, rangeArg } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { TOO_LARGE } from '../core/frame.ts';
import { replyHelp } from '../core/help.ts';
import { addString } from '../core/strings.ts';
import { F_WRITE } from '../core/table.ts';
import { findRaw } from './find-raw.ts';
import { SAMPLE_KINDS, replySample } from './debug-protocol.ts';
import { unknownSubcommand } from './debug-subcommand.ts';
import type { Subcommand } from './debug-subcommand.ts';
import { htstatsKey, listpackOf, quicklist, quicklistText, stringmatchTest, tableText } from './debug-values.ts';
import { hex, isLocal, replyFailure } from './host-replies.ts';

export const debug: Command = {
  name: 'debug',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  docs: {
    summary: 'A container for debugging commands',
    since: '1.0.0',
    group: 'server',
    complexity: 'Depends on subcommand.',
    docFlags: ['syscmd'],
  },
  run(ctx, req) {
    const allowed = ctx.config.choice.enableDebugCommand;
    if (allowed === 'no' || (allowed === 'local' && !isLocal(ctx.session))) {
      return ctx.reply.error(
        'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.',
      );
    }
    const subcommand = SUBCOMMANDS.get(req.latin1(1).toLowerCase());
    if (subcommand === undefined || req.argc < subcommand.min || req.argc > subcommand.max) {
      return unknownSubcommand(ctx, req);
    }
    subcommand.run(ctx, req);
  },
};

const NO_SUCH_KEY = 'ERR no such key';

const object: Subcommand = {
  min: 3,
  max: 4,
  help: ['OBJECT <key>', '    Show low level info about `key` and associated value.'],
  run(ctx, req) {
    // Redis 7.2 has FAST.
    if (req.argc === 4 && !isWord(req, 3, 'fast')) return unknownSubcommand(ctx, req);
    const ref = findRaw(ctx, 2);
    if (ref === 0) return ctx.reply.error(NO_SUCH_KEY);
    const { arena } = ctx;
    const name = encodingName(typeOf(arena, ref), encodingOf(arena, ref));
    const clock = lruOf(arena, ref);
    const idle = ctx.keyspace.recency.idleSeconds(clock, ctx.now);
    const more = encodingOf(arena, ref) === ENC_QUICKLIST ? quicklistText(ctx, ref) : '';
    ctx.reply.simple(
      `Value at:0x${(ref * 16).toString(16)} refcount:1 encoding:${name} serializedlength:${serializedLength(ctx, ref)}` +
        ` lru:${clock} lru_seconds_idle:${idle}${more}`,
    );
  },
};

/** Bytes of the value in a snapshot. */
function serializedLength(ctx: Context, ref: Ref): number {
  const encoder = new DumpEncoder(ctx.config.bool.rdbcompression);
  const payload = dumpValue(ctx.keyspace, ref, encoder);
  return payload.length - DUMP_OVERHEAD_BYTES;
}

/** Type, version and checksum of a DUMP payload. */
const DUMP_OVERHEAD_BYTES = 1 + 2 + 8;

const sdslen: Subcommand = {
  min: 3,
  max: 3,
  help: ['SDSLEN <key>', '    Show the lengths of `key` and its value.'],
  run(ctx) {
    const ref = findRaw(ctx, 2);
    if (ref === 0) return ctx.reply.error(NO_SUCH_KEY);
    if (typeOf(ctx.arena, ref) !== TYPE_STRING) return ctx.reply.error('ERR Not an sds encoded string.');
    const keyBytes = keyLength(ctx.arena, ref);
    const valueBytes = valueLength(ctx.arena, ref);
    const inline = ctx.arena.usableBytes(ref);
    ctx.reply.simple(
      `key_sds_len:${keyBytes}, key_sds_avail:0, key_zmalloc: ${inline}, val_sds_len:${valueBytes}, val_sds_avail:0, val_zmalloc: ${inline}`,
    );
  },
};

const digest: Subcommand = {
  min: 2,
  max: 2,
  help: ['DIGEST', '    Output a hex signature representing the current DB content.'],
  run(ctx) {
    ctx.waitForAll();
    ctx.reply.simple(hex(datasetDigest(ctx.keyspace)));
  },
};

const digestValue: Subcommand = {
  min: 2,
  max: Infinity,
  help: ['DIGEST-VALUE <key> [<key> ...]', '    Output a hex signature of the values of all the specified keys.'],
  run(ctx, req) {
    ctx.reply.array(req.argc - 2);
    for (let i = 2; i < req.argc; i++) ctx.reply.simple(hex(valueDigest(ctx.keyspace, findRaw(ctx, i))));
  },
};

const htstats: Subcommand = {
  min: 3,
  max: 4,
  help: ['HTSTATS <dbid>', '    Return hash table statistics of the specified Redis database.'],
  run(ctx, req) {
    // Redis 7.2 has FULL.
    if (req.argc === 4 && !isWord(req, 3, 'full')) return unknownSubcommand(ctx, req);
    const index = integerArg(ctx, 2);
    if (index !== index) return;
    const db = ctx.keyspace.dbs[index];
    if (db === undefined) return ctx.reply.error('ERR Out of range database');
    ctx.waitForAll();
    ctx.reply.verbatim('txt', `[Dictionary HT]\n${tableText(db.keys)}[Expires HT]\n${tableText(db.expires)}`);
  },
};

const sleep: Subcommand = {
  min: 3,
  max: 3,
  help: ['SLEEP <seconds>', '    Stop the server for <seconds>. Decimals allowed.'],
  run(ctx, req) {
    const seconds = Number.parseFloat(req.latin1(2));
    if (seconds > 0) ctx.host.sleep(seconds * 1000);
    ctx.reply.ok();
  },
};

const setActiveExpire: Subcommand = {
  min: 3,
  max: 3,
  help: [
    'SET-ACTIVE-EXPIRE <0|1>',
    '    Setting it to 0 disables expiring keys in background when they are not',
    '    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the',
    '    default.',
  ],
  run(ctx, req) {
    ctx.activeExpire = (Number.parseInt(req.latin1(2), 10) || 0) !== 0;
    ctx.reply.ok();
  },
};

/** What DEBUG POPULATE logs of a key beside its name and value: SET, lengths, the numbers in both. */
const ENTRY_EFFECT_BYTES = 96;

const populate: Subcommand = {
  min: 3,
  max: 5,
  help: [
    'POPULATE <count> [<prefix>] [<size>]',
    '    Create <count> string keys named key:<num>. If <prefix> is specified then',
    "    it is used instead of the 'key' prefix. These are propagated to replicas.",
  ],
  run(ctx, req) {
    const positive = 'ERR value is out of range, must be positive';
    const count = rangeArg(ctx, 2, 0, Infinity, positive);
    if (count !== count) return;
    const size = req.argc === 5 ? rangeArg(ctx, 4, 0, Infinity, positive) : 0;
    if (size !== size) return;
    const refusal = refusalOfRole(ctx, F_WRITE);
    if (refusal !== '') return ctx.reply.error(refusal);
    // Redis would try, and end.
    if (size > ctx.config.num.protoMaxBulkLen) {
      return ctx.reply.error('ERR string exceeds maximum allowed size (proto-max-bulk-len)');
    }
    const prefix = req.argc > 3 ? printable(req, 3) : 'key';
    // Inside a transaction it is not divided.
    const keyBytes = Math.min(prefix.length, 127) + size + ENTRY_EFFECT_BYTES;
    if (ctx.depth > 1 && count * keyBytes > ctx.effectBytesMax) return ctx.reply.error(TOO_LARGE);
    try {
      for (let i = 0; i < count; i++) {
        // Redis writes names into 128 bytes.
        addKey(ctx, `${prefix}:${i}`.slice(0, 127), `value:${i}`, size);
      }
    } catch (error) {
      // What was added so far is whole, and the log has it.
      if (!(error instanceof ArenaFullError)) throw error;
      return ctx.reply.error("OOM command not allowed when used memory > 'maxmemory'.");
    }
    ctx.reply.ok();
  },
};

function addKey(ctx: Context, name: string, text: string, size: number): void {
  const { keyspace, db } = ctx;
  const key = Buffer.from(name, 'latin1');
  const hash = keyspace.hash(key, 0, key.length);
  const ref = db.keys.find(hash, key, 0, key.length);
  if (ref !== 0) {
    if (!ctx.isExpired(ref)) return;
    ctx.expire(db, hash, ref);
  }
  let value: Uint8Array = Buffer.from(text, 'latin1');
  if (size > 0) {
    const sized = new Uint8Array(size);
    sized.set(value.subarray(0, size));
    value = sized;
  }
  ctx.divideEffects();
  addString(ctx, key, value);
  const effect = ctx.effect(3);
  effect.argLatin1('SET');
  effect.argBytes(key, 0, key.length);
  effect.argBytes(value, 0, value.length);
}

const reload: Subcommand = {
  min: 2,
  max: Infinity,
  help: [
    'RELOAD [NOSAVE]',
    '    Drop the data set and build it anew from the newest snapshot and the log.',
    '    MERGE and NOFLUSH are refused.',
  ],
  run(ctx, req) {
    for (let i = 2; i < req.argc; i++) {
      if (isWord(req, i, 'nosave')) continue;
      const known = isWord(req, i, 'merge') || isWord(req, i, 'noflush');
      return ctx.reply.error(
        known
          ? 'ERR DEBUG RELOAD only supports the NOSAVE option: the data set is what the log says.'
          : 'ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.',
      );
    }
    startReload(ctx);
  },
};

const loadaof: Subcommand = {
  min: 2,
  max: 2,
  help: ['LOADAOF', '    The same as RELOAD: the log is the append-only file.'],
  run: startReload,
};

function startReload(ctx: Context): void {
  const answer = ctx.defer();
  ctx.host.reload((failure) =>
    answer((reply) => {
      if (failure === null) reply.ok();
      else replyFailure(reply, failure);
    }),
  );
}

const protocol: Subcommand = {
  min: 3,
  max: 3,
  help: [
    'PROTOCOL <type>',
    '    Reply with a test value of the specified type. <type> can be: string,',
    '    integer, double, bignum, null, array, set, map, attrib, push, verbatim,',
    '    true, false.',
  ],
  run(ctx, req) {
    if (replySample(ctx.reply, req.latin1(2).toLowerCase())) return;
    ctx.reply.error(`ERR Wrong protocol type name. Please use one of the following: ${SAMPLE_KINDS}`);
  },
};

const error: Subcommand = {
  min: 3,
  max: 3,
  help: [
    'ERROR <string>',
    '    Return a Redis protocol error with <string> as message. Useful for clients',
    '    unit tests to simulate Redis errors.',
  ],
  run(ctx, req) {
    ctx.uncountedError = true;
    ctx.reply.error(req.latin1(2).replace(/[\r\n]/g, ' '));
  },
};

const log: Subcommand = {
  min: 3,
  max: 3,
  help: ['LOG <message>', '    Write <message> to the server log.'],
  run(ctx, req) {
    ctx.host.log?.(`DEBUG LOG: ${req.utf8(2)}`);
    ctx.reply.ok();
  },
};

const structsize: Subcommand = {
  min: 2,
  max: 2,
  help: ['STRUCTSIZE', '    Return the size of different core structures.'],
  run(ctx) {
    ctx.reply.simple('bits:64 entry:16 expire:8 bucket:64 slots:12');
  },
};

const packedThreshold: Subcommand = {
  min: 3,
  max: 3,
  help: ['QUICKLIST-PACKED-THRESHOLD <size>', '    Accepted for test-suites, and without effect.'],
  run(ctx, req) {
    const size = req.latin1(2).split('\0', 1)[0]; // as C reads it, for which nothing is a size, of 0
    const bytes = size === '' && req.len(2) > 0 ? 0n : parseMemory(size);
    if (bytes !== undefined && bytes < 4294967296n) return ctx.reply.ok();
    ctx.reply.error('ERR argument must be a memory value bigger than 1 and smaller than 4gb');
  },
};

const replicate: Subcommand = {
  min: 3,
  max: Infinity,
  help: ['REPLICATE <string>', '    Refused: the log is the only history.'],
  run(ctx) {
    ctx.reply.error('ERR DEBUG REPLICATE would make the data set differ from its log, and is refused');
  },
};

/** Accepted because test-suites send them, though there is nothing in Weir that they could change. */
function without(min: number, max: number, ...help: string[]): Subcommand {
  return {
    min,
    max,
    help: [...help, '    Accepted for test-suites, and without effect.'],
    run: (ctx) => ctx.reply.ok(),
  };
}

/** What hurts the process is up to it. */
function crash(how: string, max: number, ...help: string[]): Subcommand {
  return {
    min: 2,
    max,
    help,
    run(ctx) {
      const failure = ctx.host.crash(how);
      if (failure === null) ctx.reply.ok();
      else replyFailure(ctx.reply, failure);
    },
  };
}

const help: Subcommand = {
  min: 2,
  max: 2,
  help: [],
  run(ctx) {
    replyHelp(
      ctx.reply,
      'DEBUG',
      [...SUBCOMMANDS.values()].flatMap((subcommand) => subcommand.help),
    );
  },
};

const SUBCOMMANDS: ReadonlyMap<string, Subcommand> = new Map([
  ['assert', crash('assert', 2, 'ASSERT', '    Crash by assertion failed.')],
  [
    'change-repl-id',
    crash(
      'change-repl-id',
      2,
      'CHANGE-REPL-ID',
      '    Change the replication IDs of the instance.',
      '    Dangerous: should be used only for testing the replication subsystem.',
    ),
  ],
  [
    'crash-and-recover',
    crash(
      'crash-and-recover',
      3,
      'CRASH-AND-RECOVER [<milliseconds>]',
      '    Hard crash and restart after a <milliseconds> delay (default 0).',
    ),
  ],
  ['digest', digest],
  ['digest-value', digestValue],
  ['error', error],
  ['leak', without(3, 3, 'LEAK <string>')],
  ['log', log],
  ['htstats', htstats],
  ['htstats-key', htstatsKey],
  ['listpack', listpackOf],
  ['loadaof', loadaof],
  ['replicate', replicate],
  ['object', object],
  ['oom', crash('oom', 2, 'OOM', '    Crash the server simulating an out-of-memory error.')],
  ['panic', crash('panic', 2, 'PANIC', '    Crash the server simulating a panic.')],
  ['populate', populate],
  ['protocol', protocol],
  ['reload', reload],
  [
    'restart',
    crash(
      'restart',
      3,
      'RESTART [<milliseconds>]',
      '    Graceful restart: save config, db, restart after a <milliseconds> delay (default 0).',
    ),
  ],
  ['sdslen', sdslen],
  ['segfault', crash('segfault', 2, 'SEGFAULT', '    Crash the server with sigsegv.')],
  ['set-active-expire', setActiveExpire],
  ['set-disable-deny-scripts', without(3, 3, 'SET-DISABLE-DENY-SCRIPTS <0|1>')],
  ['quicklist', quicklist],
  ['quicklist-packed-threshold', packedThreshold],
  ['replybuffer', without(4, 4, 'REPLYBUFFER <option> <value>')],
  ['sleep', sleep],
  ['stringmatch-test', stringmatchTest],
  ['structsize', structsize],
  ['help', help],
]);
