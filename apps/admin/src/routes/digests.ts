/**
 * Whether engines have the same data set: each is asked for the digest of its own, and those that answer at the same sequence of the log are compared. While
 * writes go on they answer at different ones, so it is tried a few times. An engine that reads all of its keys answers nothing else meanwhile.
 */

import { Type } from '@fastify/type-provider-typebox';
import { problems } from '../schemas.ts';
import type { App, Services } from '../server.ts';
import { enginesOf } from '../topology.ts';

const TRIES = 5;

interface Digest {
  readonly id: string;
  readonly seq: number;
  readonly digest: string;
}

/** What differs at one sequence, in a sentence; '' where nothing does. */
export function compareDigests(digests: readonly Digest[]): { compared: number; finding: string } {
  const bySeq = new Map<number, Digest[]>();
  for (const one of digests) bySeq.set(one.seq, [...(bySeq.get(one.seq) ?? []), one]);
  const [most = []] = [...bySeq.values()].toSorted((a, b) => b.length - a.length);
  const compared = most.length > 1 ? most.length : 0;
  const differs = [...bySeq.values()].find((same) => same.some(({ digest }) => digest !== same[0]!.digest));
  if (differs === undefined) return { compared, finding: '' };
  const who = differs.map(({ id, digest }) => `${id} ${digest.slice(0, 8)}`).join(', ');
  return { compared: differs.length, finding: `at record ${differs[0]!.seq} the data sets differ: ${who}` };
}

export function digestRoutes(api: App, { source, nodes, monitor }: Services): void {
  api.post(
    '/digests',
    {
      config: { access: 'operate', audit: 'digests.compare' },
      schema: {
        tags: ['cluster'],
        summary: 'Compares the data sets of the engines by their digests; each reads all of its keys for it',
        response: {
          200: Type.Object({
            digests: Type.Array(Type.Object({ id: Type.String(), seq: Type.Integer(), digest: Type.String() })),
            compared: Type.Integer({ description: 'Engines that answered at the same sequence; 0: none did' }),
            finding: Type.String({ description: "What differs; '' where nothing does" }),
          }),
          ...problems,
        },
      },
    },
    async () => {
      if (monitor.last === null) await monitor.look(); // it forgets findings of another log
      const engines = enginesOf(source.need().members.members());
      let digests: Digest[] = [];
      let result = { compared: 0, finding: '' };
      for (let left = TRIES; left > 0; left--) {
        digests = await Promise.all(
          engines.map(async (engine) => {
            const [seq, , digest] = (await nodes.call(engine, ['WEIR', 'DIGEST'])) as [number, number, string];
            return { id: engine.id, seq, digest };
          }),
        );
        result = compareDigests(digests);
        if (result.finding !== '' || result.compared === engines.length) break;
      }
      if (result.compared > 0) {
        monitor.digestsCompared(result.finding);
        await monitor.look();
      }
      return { digests, ...result };
    },
  );
}
