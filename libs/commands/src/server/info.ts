import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import * as sections from './info-sections.ts';

interface Section {
  readonly name: string;
  readonly title: string;
  /** Shown by a plain INFO. */
  readonly byDefault: boolean;
  readonly inAll: boolean;
  readonly fields: (ctx: Context) => sections.Fields;
}

function section(title: string, fields: Section['fields'], byDefault = true, inAll = true): Section {
  return { name: title.toLowerCase(), title, byDefault, inAll, fields };
}

/** In the order in which Redis shows them, whatever the order they are asked in. */
const SECTIONS: readonly Section[] = [
  section('Server', sections.server),
  section('Clients', sections.clients),
  section('Memory', sections.memory),
  section('Persistence', sections.persistence),
  section('Stats', sections.stats),
  section('Replication', sections.replication),
  section('CPU', sections.cpu),
  section('Modules', () => []),
  section('Commandstats', sections.commandstats, false),
  section('Errorstats', sections.errorstats),
  section('Latencystats', sections.latencystats, false),
  section('Cluster', sections.cluster),
  section('Keyspace', sections.keyspace),
  section('Weir', sections.weir, false, false),
];

export const info: Command = {
  name: 'info',
  arity: -1,
  flags: ['loading', 'stale'],
  acl: ['dangerous'],
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  docs: {
    summary: 'Get information and statistics about the server',
    since: '1.0.0',
    group: 'server',
    complexity: 'O(1)',
    history: [['7.0.0', 'Added support for taking multiple section arguments.']],
    arguments: [{ name: 'section', type: 'string', flags: ['optional', 'multiple'] }],
  },
  run(ctx, req) {
    const wanted = new Set<Section>();
    if (req.argc === 1) for (const section of SECTIONS) if (section.byDefault) wanted.add(section);
    for (let i = 1; i < req.argc; i++) {
      const name = req.latin1(i).toLowerCase();
      for (const section of SECTIONS) {
        const asked =
          section.name === name ||
          name === 'everything' ||
          (name === 'all' && section.inAll) ||
          (name === 'default' && section.byDefault);
        if (asked) wanted.add(section);
      }
    }
    ctx.reply.verbatim(
      'txt',
      infoText(
        ctx,
        SECTIONS.filter((section) => wanted.has(section)),
      ),
    );
  },
};

function infoText(ctx: Context, shown: readonly Section[]): string {
  return shown
    .map(({ title, fields }) => {
      const lines = fields(ctx).map(([name, value]) => `${name}:${value}\r\n`);
      return `# ${title}\r\n${lines.join('')}`;
    })
    .join('\r\n');
}
