// CLIENT TRACKING and what belongs to it: see core/tracking.ts.

import type { Request } from '@weir/resp';
import { SYNTAX_ERROR, integerArg, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';

const tracking: Command = {
  name: 'tracking',
  arity: -3,
  flags: ['noscript', 'loading', 'stale'],
  docs: {
    summary: 'Enable or disable server assisted client side caching support',
    since: '6.0.0',
    group: 'connection',
    complexity: 'O(1). Some options may introduce additional complexity.',
    arguments: [
      {
        name: 'status',
        type: 'oneof',
        arguments: [
          { name: 'on', type: 'pure-token', token: 'ON' },
          { name: 'off', type: 'pure-token', token: 'OFF' },
        ],
      },
      { name: 'client-id', type: 'integer', token: 'REDIRECT', flags: ['optional'] },
      { name: 'prefix', type: 'string', token: 'PREFIX', flags: ['optional', 'multiple', 'multiple_token'] },
      { name: 'bcast', type: 'pure-token', token: 'BCAST', flags: ['optional'] },
      { name: 'optin', type: 'pure-token', token: 'OPTIN', flags: ['optional'] },
      { name: 'optout', type: 'pure-token', token: 'OPTOUT', flags: ['optional'] },
      { name: 'noloop', type: 'pure-token', token: 'NOLOOP', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    const { reply, session } = ctx;
    let redirect = 0;
    const prefixes: Uint8Array[] = [];
    const has = { bcast: false, optin: false, optout: false, noloop: false };
    for (let i = 3; i < req.argc; i++) {
      const option = (['bcast', 'optin', 'optout', 'noloop'] as const).find((word) => isWord(req, i, word));
      if (option !== undefined) has[option] = true;
      else if (isWord(req, i, 'redirect') && i + 1 < req.argc) {
        if (redirect !== 0) return reply.error('ERR A client can only redirect to a single other client');
        const id = integerArg(ctx, ++i);
        if (id !== id) return;
        if (!ctx.host.sessions.has(id)) return reply.error('ERR The client ID you want redirect to does not exist');
        redirect = id;
      } else if (isWord(req, i, 'prefix') && i + 1 < req.argc) prefixes.push(req.bytes(++i));
      else return reply.error(SYNTAX_ERROR);
    }
    if (isWord(req, 2, 'on')) {
      const before = session.tracking;
      const error =
        (prefixes.length > 0 && !has.bcast ? 'ERR PREFIX option requires BCAST mode to be enabled' : '') ||
        (before !== null && before.isBroadcast !== has.bcast ? `ERR You can't switch BCAST mode on/off ${HOW}` : '') ||
        errorOfModes(has, before) ||
        errorOfPrefixes(prefixes, before?.prefixes ?? []);
      if (error !== '') return reply.error(error);
      ctx.startTracking(
        session,
        {
          isBroadcast: has.bcast,
          isOptIn: has.optin,
          isOptOut: has.optout,
          noLoop: has.noloop,
          redirect,
        },
        prefixes,
      );
    } else if (isWord(req, 2, 'off')) ctx.stopTracking(session);
    else return reply.error(SYNTAX_ERROR);
    reply.ok();
  },
};

const HOW = 'before disabling tracking for this client, and then re-enabling it with a different mode.';

function errorOfModes(
  { bcast, optin, optout }: Readonly<Record<'bcast' | 'optin' | 'optout', boolean>>,
  before: { readonly isOptIn: boolean; readonly isOptOut: boolean } | null,
): string {
  if (bcast && (optin || optout)) return 'ERR OPTIN and OPTOUT are not compatible with BCAST';
  if (optin && optout) return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  const isSwitched = before !== null && ((optin && before.isOptOut) || (optout && before.isOptIn));
  return isSwitched ? `ERR You can't switch OPTIN/OPTOUT mode ${HOW}` : '';
}

function errorOfPrefixes(prefixes: readonly Uint8Array[], before: readonly { readonly bytes: Uint8Array }[]): string {
  for (const [i, one] of prefixes.entries()) {
    const old = before.find(({ bytes }) => overlap(one, bytes));
    if (old !== undefined) return overlapping(one, old.bytes, 'an existing');
    const other = prefixes.slice(i + 1).find((bytes) => overlap(one, bytes));
    if (other !== undefined) return overlapping(one, other, 'another provided');
  }
  return '';
}

function overlap(a: Uint8Array, b: Uint8Array): boolean {
  const len = Math.min(a.length, b.length);
  return Buffer.compare(a.subarray(0, len), b.subarray(0, len)) === 0;
}

function overlapping(a: Uint8Array, b: Uint8Array, which: string): string {
  const [one, other] = [a, b].map((bytes) => Buffer.from(bytes).toString('latin1').split('\0', 1)[0]!);
  return `ERR Prefix '${one}' overlaps with ${which} prefix '${other}'. Prefixes for a single client must not overlap.`;
}

const caching: Command = {
  name: 'caching',
  arity: 3,
  flags: ['noscript', 'loading', 'stale'],
  docs: {
    summary: 'Instruct the server about tracking or not keys in the next request',
    since: '6.0.0',
    group: 'connection',
    complexity: 'O(1)',
    arguments: [
      {
        name: 'mode',
        type: 'oneof',
        arguments: [
          { name: 'yes', type: 'pure-token', token: 'YES' },
          { name: 'no', type: 'pure-token', token: 'NO' },
        ],
      },
    ],
  },
  run({ reply, session }, req: Request) {
    const mode = session.tracking;
    if (mode === null) {
      return reply.error(
        'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
      );
    }
    const yes = isWord(req, 2, 'yes');
    if (!yes && !isWord(req, 2, 'no')) return reply.error(SYNTAX_ERROR);
    if (yes && !mode.isOptIn) {
      return reply.error('ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.');
    }
    if (!yes && !mode.isOptOut) {
      return reply.error('ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.');
    }
    mode.isCaching = true;
    reply.ok();
  },
};

const getredir: Command = {
  name: 'getredir',
  arity: 2,
  flags: ['noscript', 'loading', 'stale'],
  docs: {
    summary: 'Get tracking notifications redirection client ID if any',
    since: '6.0.0',
    group: 'connection',
    complexity: 'O(1)',
  },
  run({ reply, session }) {
    reply.int(session.tracking?.redirect ?? -1);
  },
};

const trackinginfo: Command = {
  name: 'trackinginfo',
  arity: 2,
  flags: ['noscript', 'loading', 'stale'],
  docs: {
    summary: 'Return information about server assisted client side caching for the current connection',
    since: '6.2.0',
    group: 'connection',
    complexity: 'O(1)',
  },
  run({ reply, session }: Context) {
    const mode = session.tracking;
    const flags = mode === null ? ['off'] : ['on'];
    if (mode !== null) {
      if (mode.isBroadcast) flags.push('bcast');
      if (mode.isOptIn) flags.push('optin', ...(mode.isCaching ? ['caching-yes'] : []));
      if (mode.isOptOut) flags.push('optout', ...(mode.isCaching ? ['caching-no'] : []));
      if (mode.noLoop) flags.push('noloop');
      if (mode.isBroken) flags.push('broken_redirect');
    }
    reply.map(3);
    reply.bulkLatin1('flags');
    reply.set(flags.length);
    for (const flag of flags) reply.bulkLatin1(flag);
    reply.bulkLatin1('redirect');
    reply.int(mode?.redirect ?? -1);
    reply.bulkLatin1('prefixes');
    const prefixes = (mode?.prefixes ?? []).map(({ bytes }) => bytes).sort((a, b) => Buffer.compare(a, b));
    reply.array(prefixes.length);
    for (const bytes of prefixes) reply.bulk(bytes, 0, bytes.length);
  },
};

export const trackingCommands: readonly Command[] = [caching, getredir, tracking, trackinginfo];
