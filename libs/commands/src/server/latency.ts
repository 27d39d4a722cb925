import { printable } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import { replyHelp } from '../core/help.ts';
import type { Context } from '../core/context.ts';
import { latencyGraph } from '../core/latency-monitor.ts';
import type { LatencyEvent } from '../core/latency-monitor.ts';
import { CommandTable } from '../core/table.ts';
import type { TableCommand } from '../core/table.ts';

const latest: Command = {
  name: 'latest',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
  docs: {
    summary: 'Return the latest latency samples for all events.',
    since: '2.8.13',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    const { reply, latency } = ctx;
    reply.array(latency.events.size);
    for (const [name, event] of latency.events) {
      reply.array(4);
      reply.bulkLatin1(name);
      reply.int(event.last.seconds);
      reply.int(event.last.ms);
      reply.int(event.max);
    }
  },
};

const history: Command = {
  name: 'history',
  arity: 3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
  docs: {
    summary: 'Return timestamp-latency samples for the event.',
    since: '2.8.13',
    group: 'server',
    complexity: 'O(1)',
    arguments: [{ name: 'event', type: 'string' }],
  },
  run(ctx, req) {
    const samples = ctx.latency.events.get(req.latin1(2))?.samples ?? [];
    ctx.reply.array(samples.length);
    for (const { seconds, ms } of samples) {
      ctx.reply.array(2);
      ctx.reply.int(seconds);
      ctx.reply.int(ms);
    }
  },
};

const reset: Command = {
  name: 'reset',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  docs: {
    summary: 'Reset latency data for one or more events.',
    since: '2.8.13',
    group: 'server',
    complexity: 'O(1)',
    arguments: [{ name: 'event', type: 'string', flags: ['optional', 'multiple'] }],
  },
  run(ctx, req) {
    const { events } = ctx.latency;
    let removed = 0;
    if (req.argc === 2) {
      removed = events.size;
      events.clear();
    }
    for (let i = 2; i < req.argc; i++) if (events.delete(req.latin1(i))) removed++;
    ctx.reply.int(removed);
  },
};

const graph: Command = {
  name: 'graph',
  arity: 3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
  docs: {
    summary: 'Return a latency graph for the event.',
    since: '2.8.13',
    group: 'server',
    complexity: 'O(1)',
    arguments: [{ name: 'event', type: 'string' }],
  },
  run(ctx, req) {
    const name = req.latin1(2);
    const event = ctx.latency.events.get(name);
    if (event === undefined) return ctx.reply.error(`ERR No samples available for event '${printable(req, 2)}'`);
    ctx.reply.verbatim('txt', latencyGraph(name, event, Math.floor(ctx.now / 1000)));
  },
};

const doctor: Command = {
  name: 'doctor',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
  docs: {
    summary: 'Return a human readable latency analysis report.',
    since: '2.8.13',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    ctx.reply.verbatim('txt', report(ctx));
  },
};

const histogram: Command = {
  name: 'histogram',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
  docs: {
    summary: 'Return the cumulative distribution of latencies of a subset of commands or all.',
    since: '7.0.0',
    group: 'server',
    complexity: 'O(N) where N is the number of commands with latency information being retrieved.',
    arguments: [{ name: 'command', type: 'string', flags: ['optional', 'multiple'] }],
  },
  run(ctx, req) {
    const { reply, table } = ctx;
    const entries: TableCommand[] = [];
    if (req.argc === 2) for (const entry of table.all) entries.push(entry, ...entry.subcommands);
    for (let i = 2; i < req.argc; i++) {
      const entry = CommandTable.byFullName(table, req.latin1(i));
      if (entry !== undefined) entries.push(entry, ...entry.subcommands);
    }
    for (const entry of entries) entry.settle(ctx.config.bool.latencyTracking);
    const known = entries.filter((entry) => entry.histogram !== null);
    reply.map(known.length);
    for (const { fullName, histogram } of known) {
      reply.bulkLatin1(fullName);
      reply.map(2);
      reply.bulkLatin1('calls');
      reply.int(histogram!.total);
      reply.bulkLatin1('histogram_usec');
      const lines = histogram!.cumulative();
      reply.map(lines.length);
      for (const [micros, calls] of lines) {
        reply.int(micros);
        reply.int(calls);
      }
    }
  },
};

/** LATENCY DOCTOR. */
function report(ctx: Context): string {
  if (ctx.config.num.latencyMonitorThreshold === 0) {
    return 'Latency monitoring is off. Turn it on with "CONFIG SET latency-monitor-threshold <milliseconds>".\n';
  }
  const { events } = ctx.latency;
  if (events.size === 0) return 'No latency spike was seen since the start, or since the last LATENCY RESET.\n';
  let text = 'Latency spikes, by event:\n\n';
  let i = 0;
  for (const [name, event] of events) text += `${++i}. ${name}: ${spikes(event, Math.floor(ctx.now / 1000))}\n`;
  return `${text}\nLATENCY HISTORY has the samples of an event, SLOWLOG GET the commands that were slow.\n`;
}

function spikes({ samples, max }: LatencyEvent, nowSeconds: number): string {
  const mean = samples.reduce((sum, { ms }) => sum + ms, 0) / samples.length;
  const deviation = samples.reduce((sum, { ms }) => sum + Math.abs(ms - mean), 0) / samples.length;
  const period = (nowSeconds - samples[0].seconds) / samples.length;
  const figures = `average ${Math.floor(mean)}ms, mean deviation ${Math.floor(deviation)}ms, period ${period.toFixed(2)} sec`;
  return `${samples.length} latency spikes (${figures}). Worst all time event ${max}ms.`;
}

const help: Command = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  docs: {
    summary: 'Show helpful text about the different subcommands.',
    since: '2.8.13',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    replyHelp(ctx.reply, 'LATENCY', [
      'DOCTOR',
      '    Return a human readable latency analysis report.',
      'GRAPH <event>',
      '    Return an ASCII latency graph for the <event> class.',
      'HISTORY <event>',
      '    Return time-latency samples for the <event> class.',
      'LATEST',
      '    Return the latest latency samples for all events.',
      'RESET [<event> ...]',
      '    Reset latency data of one or more <event> classes.',
      '    (default: reset all data for all event classes)',
      'HISTOGRAM [COMMAND ...]',
      '    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.',
      '    If no commands are specified then all histograms are replied.',
    ]);
  },
};

export const latency: Command = {
  name: 'latency',
  arity: -2,
  flags: [],
  docs: {
    summary: 'A container for latency diagnostics commands',
    since: '2.8.13',
    group: 'server',
    complexity: 'Depends on subcommand.',
  },
  subcommands: [doctor, graph, help, histogram, history, latest, reset],
};
