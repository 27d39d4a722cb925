import { SYNTAX_ERROR, integerArg, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import { replyHelp } from '../core/help.ts';
import { keyAt } from '../core/key-specs.ts';
import { memoryOf } from '../core/session.ts';
import { findRaw } from './find-raw.ts';
import { keyBytes, memoryReport } from './memory-report.ts';

const usage: Command = {
  name: 'usage',
  arity: -3,
  flags: ['readonly'],
  keySpecs: [keyAt(2, 'RO')],
  docs: {
    summary: 'Estimate the memory usage of a key',
    since: '4.0.0',
    group: 'server',
    complexity: 'O(N) where N is the number of samples.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'count', type: 'integer', token: 'SAMPLES', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    for (let i = 3; i < req.argc; i++) {
      if (!isWord(req, i, 'samples') || i + 1 === req.argc) return ctx.reply.error(SYNTAX_ERROR);
      const samples = integerArg(ctx, ++i);
      if (samples !== samples) return;
      if (samples < 0) return ctx.reply.error(SYNTAX_ERROR);
    }
    const ref = findRaw(ctx, 2);
    if (ref === 0) ctx.reply.nil();
    else ctx.reply.int(keyBytes(ctx.keyspace, ref));
  },
};

const stats: Command = {
  name: 'stats',
  arity: 2,
  flags: [],
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  docs: {
    summary: 'Show memory usage details',
    since: '4.0.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    const { reply, keyspace } = ctx;
    const { rssBytes } = ctx.host.process();
    const report = memoryReport(keyspace);
    let clientBytes = 0;
    for (const session of ctx.host.sessions.values()) clientBytes += memoryOf(session).total;
    const mark = reply.beginAggregate();
    let fields = 0;
    const int = (name: string, value: number): void => {
      fields++;
      reply.bulkLatin1(name);
      reply.int(value);
    };
    const double = (name: string, value: number): void => {
      fields++;
      reply.bulkLatin1(name);
      reply.double(Number.isFinite(value) ? value : 0);
    };
    int('peak.allocated', report.peak);
    int('total.allocated', report.used);
    int('startup.allocated', 0);
    int('replication.backlog', 0);
    int('clients.slaves', 0);
    int('clients.normal', clientBytes);
    int('cluster.links', 0);
    int('aof.buffer', 0);
    int('lua.caches', 0);
    int('functions.caches', 0);
    for (const db of keyspace.dbs) {
      if (db.keys.size === 0) continue;
      fields++;
      reply.bulkLatin1(`db.${db.index}`);
      reply.map(3);
      reply.bulkLatin1('overhead.hashtable.main');
      reply.int(db.keys.bytes);
      reply.bulkLatin1('overhead.hashtable.expires');
      reply.int(db.expires.bytes);
      reply.bulkLatin1('overhead.hashtable.slot-to-keys');
      reply.int(0);
    }
    int('overhead.total', report.overhead);
    int('keys.count', report.keys);
    int('keys.bytes-per-key', report.keys === 0 ? 0 : Math.floor(report.used / report.keys));
    int('dataset.bytes', report.dataset);
    double('dataset.percentage', (report.dataset / report.used) * 100);
    double('peak.percentage', (report.used / report.peak) * 100);
    int('allocator.allocated', report.used);
    int('allocator.active', report.active);
    int('allocator.resident', report.committed);
    double('allocator-fragmentation.ratio', report.active / report.used);
    int('allocator-fragmentation.bytes', report.active - report.used);
    double('allocator-rss.ratio', report.committed / report.active);
    int('allocator-rss.bytes', report.committed - report.active);
    double('rss-overhead.ratio', rssBytes / report.committed);
    int('rss-overhead.bytes', rssBytes - report.committed);
    double('fragmentation', rssBytes / report.used);
    int('fragmentation.bytes', rssBytes - report.used);
    reply.endAggregate(mark, 'map', fields);
  },
};

const doctor: Command = {
  name: 'doctor',
  arity: 2,
  flags: [],
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  docs: {
    summary: 'Outputs memory problems report',
    since: '4.0.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    const { used, peak, active } = memoryReport(ctx.keyspace);
    let text = 'No memory issue was found.\n';
    if (used < 5 * 1024 * 1024) text = 'This instance holds too little data to tell anything about its memory.\n';
    else if (peak > 1.5 * used) {
      text =
        'The peak was more than 1.5 times what is used now: memory that was given back may still count as resident.\n';
    } else if (active > 1.4 * used) {
      text =
        'More than 40 % of the pages in use are free inside: sizes of values have changed since they were written.\n';
    }
    ctx.reply.verbatim('txt', text);
  },
};

const mallocStats: Command = {
  name: 'malloc-stats',
  arity: 2,
  flags: [],
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  docs: {
    summary: 'Show allocator internal stats',
    since: '4.0.0',
    group: 'server',
    complexity: 'Depends on how much memory is allocated, could be slow',
  },
  run(ctx) {
    const { arena } = ctx.keyspace;
    const report = memoryReport(ctx.keyspace);
    ctx.reply.verbatim(
      'txt',
      `arena: ${report.used} bytes in ${arena.blocks} blocks, ${report.active} bytes in pages in use, ` +
        `${report.committed} bytes committed, ${arena.limitBytes} bytes reserved, ${arena.overheadBytes} bytes of tables\n`,
    );
  },
};

const purge: Command = {
  name: 'purge',
  arity: 2,
  flags: [],
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  docs: {
    summary: 'Ask the allocator to release memory',
    since: '4.0.0',
    group: 'server',
    complexity: 'Depends on how much memory is allocated, could be slow',
  },
  run(ctx) {
    // The arena gives pages at its end back by itself, and keeps no others that it could.
    ctx.reply.ok();
  },
};

const help: Command = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  docs: {
    summary: 'Show helpful text about the different subcommands',
    since: '4.0.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    replyHelp(ctx.reply, 'MEMORY', [
      'DOCTOR',
      '    Return memory problems reports.',
      'MALLOC-STATS',
      '    Return internal statistics report from the memory allocator.',
      'PURGE',
      '    Attempt to purge dirty pages for reclamation by the allocator.',
      'STATS',
      '    Return information about the memory usage of the server.',
      'USAGE <key> [SAMPLES <count>]',
      '    Return memory in bytes used by <key> and its value. Nested values are',
      '    sampled up to <count> times (default: 5, 0 means sample all).',
    ]);
  },
};

export const memory: Command = {
  name: 'memory',
  arity: -2,
  flags: [],
  docs: {
    summary: 'A container for memory diagnostics commands',
    since: '4.0.0',
    group: 'server',
    complexity: 'Depends on subcommand.',
  },
  subcommands: [doctor, help, mallocStats, purge, stats, usage],
};
