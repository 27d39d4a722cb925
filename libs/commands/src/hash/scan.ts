import { Element, hashes } from '@weir/keyspace';
import type { Command } from '../core/command.ts';
import { oneKey } from '../core/key-specs.ts';
import { cursorArg, matchesArg, parseScanOptions, replyNothing, scanOptions } from '../core/scan.ts';
import { readHash } from './common.ts';

const field = new Element();
const value = new Element();
const found: hashes.Handle[] = [];

export const hscan: Command = {
  name: 'hscan',
  arity: -3,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Incrementally iterate hash fields and associated values',
    since: '2.8.0',
    group: 'hash',
    complexity:
      'O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection..',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'cursor', type: 'integer' },
      { name: 'pattern', type: 'pattern', token: 'MATCH', flags: ['optional'] },
      { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    const { reply, space } = ctx;
    let cursor = cursorArg(ctx, 2);
    if (cursor < 0) return;
    const ref = readHash(ctx);
    if (ref < 0) return;
    if (ref === 0) return replyNothing(reply);
    if (!parseScanOptions(ctx, 3, false)) return;
    const { count, pattern } = scanOptions;
    found.length = 0;
    const stepsMax = count * 10;
    let steps = 0;
    do {
      cursor = hashes.scan(space, ref, cursor, found);
      steps++;
    } while (cursor !== 0 && steps <= stepsMax && found.length < count);
    reply.array(2);
    reply.bulkLatin1(String(cursor));
    const mark = reply.beginAggregate();
    let sent = 0;
    for (let i = 0; i < found.length; i++) {
      hashes.pairAt(space, ref, found[i], field, value);
      if (pattern !== 0 && !matchesArg(req, pattern, field.buf, field.off, field.len)) continue;
      reply.bulk(field.buf, field.off, field.len);
      reply.bulk(value.buf, value.off, value.len);
      sent += 2;
    }
    reply.endAggregate(mark, 'array', sent);
    if (found.length > 1024) found.length = 0;
  },
};
