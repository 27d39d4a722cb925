import { printable } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import { replyHelp } from '../core/help.ts';

// Weir records no latency events and keeps no histograms, so every answer here is the true answer of a server in which
// nothing was recorded.

const latest: Command = {
  name: 'latest',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  acl: ['admin', 'slow', 'dangerous'],
  keys: [0, 0, 0],
  tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
  docs: {
    summary: 'Return the latest latency samples for all events.',
    since: '2.8.13',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    ctx.reply.array(0);
  },
};

const history: Command = {
  name: 'history',
  arity: 3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  acl: ['admin', 'slow', 'dangerous'],
  keys: [0, 0, 0],
  tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
  docs: {
    summary: 'Return timestamp-latency samples for the event.',
    since: '2.8.13',
    group: 'server',
    complexity: 'O(1)',
    arguments: [{ name: 'event', type: 'string' }],
  },
  run(ctx) {
    ctx.reply.array(0);
  },
};

const reset: Command = {
  name: 'reset',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  acl: ['admin', 'slow', 'dangerous'],
  keys: [0, 0, 0],
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  docs: {
    summary: 'Reset latency data for one or more events.',
    since: '2.8.13',
    group: 'server',
    complexity: 'O(1)',
    arguments: [{ name: 'event', type: 'string', flags: ['optional', 'multiple'] }],
  },
  run(ctx) {
    ctx.reply.int(0);
  },
};

const graph: Command = {
  name: 'graph',
  arity: 3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  acl: ['admin', 'slow', 'dangerous'],
  keys: [0, 0, 0],
  tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
  docs: {
    summary: 'Return a latency graph for the event.',
    since: '2.8.13',
    group: 'server',
    complexity: 'O(1)',
    arguments: [{ name: 'event', type: 'string' }],
  },
  run(ctx, req) {
    ctx.reply.error(`ERR No samples available for event '${printable(req, 2)}'`);
  },
};

const doctor: Command = {
  name: 'doctor',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  acl: ['admin', 'slow', 'dangerous'],
  keys: [0, 0, 0],
  tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
  docs: {
    summary: 'Return a human readable latency analysis report.',
    since: '2.8.13',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    ctx.reply.verbatim(
      'txt',
      'This server records no latency events: see SLOWLOG for slow commands and INFO for the time spent in each.\n',
    );
  },
};

const histogram: Command = {
  name: 'histogram',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  acl: ['admin', 'slow', 'dangerous'],
  keys: [0, 0, 0],
  tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
  docs: {
    summary: 'Return the cumulative distribution of latencies of a subset of commands or all.',
    since: '7.0.0',
    group: 'server',
    complexity: 'O(N) where N is the number of commands with latency information being retrieved.',
    arguments: [{ name: 'command', type: 'string', flags: ['optional', 'multiple'] }],
  },
  run(ctx) {
    ctx.reply.map(0);
  },
};

const help: Command = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  acl: ['slow'],
  keys: [0, 0, 0],
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
  acl: ['slow'],
  keys: [0, 0, 0],
  docs: {
    summary: 'A container for latency diagnostics commands',
    since: '2.8.13',
    group: 'server',
    complexity: 'Depends on subcommand.',
  },
  subcommands: [doctor, graph, help, histogram, history, latest, reset],
};
