import { integerArg, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import { REDIS_VERSION } from '../core/version.ts';

/** A weir: the water stands, falls, and goes on. */
const PICTURE = `
 ~~~~~~~~~~~~~~~~~~~~~~~~~~~~.
  ~  ~   ~    ~   ~  ~   ~   |\\
    ~   ~   ~    ~   ~   ~   | \\
  ~   ~    ~  ~    ~    ~    |\\ \\
 ____________________________|_\\_\\~~~~~~~~~~~~~~~~~~~~~~~~
                                 ~  ~   ~   ~  ~   ~   ~
`;

export const lolwut: Command = {
  name: 'lolwut',
  arity: -1,
  flags: ['readonly', 'fast'],
  docs: {
    summary: 'Display some computer art and the Redis version',
    since: '5.0.0',
    group: 'server',
    arguments: [{ name: 'version', type: 'integer', token: 'VERSION', flags: ['optional'] }],
  },
  run(ctx, req) {
    if (req.argc > 1 && isWord(req, 1, 'version')) {
      for (let i = 2; i < req.argc; i++) if (Number.isNaN(integerArg(ctx, i))) return;
    }
    const version = ctx.host.process().version;
    ctx.reply.verbatim('txt', `${PICTURE}\nWeir ver. ${version}, speaks Redis ver. ${REDIS_VERSION}\n`);
  },
};
