// `npm run chaos -- matrix`: main.ts.

import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Outcome, Verdict } from './cell.ts';
import { flips } from './flips.ts';
import type { FlipVerdict } from './flips.ts';
import { matrix } from './matrix.ts';
import { KINDS, prepare } from './prepare.ts';
import type { Kind, Prepared } from './prepare.ts';
import { formatFlips, formatTable } from './table.ts';

const help = `What becomes of a node when its files are damaged.

  npm run chaos -- matrix                      every file x every fault, stopped in order and killed, alone and with a slave
  npm run chaos -- matrix --only 'LOG/msgs'    the cells whose name matches (a regular expression; --list shows the names)
  npm run chaos -- matrix --flips 2000         that many single bits, anywhere in what a node keeps

An outcome is nothing-lost; refused, when the runbook (docs/operations.md), which the run then follows, leads on from there; stuck, when it does
not; silent, when less is served without a word. The last two end the run with exit code 1.

  --kind NAME     of folder, may be given several times: ${KINDS.join(', ')}
  --writes N      in a folder (3000)             --jobs N   cells at the same time (2)
  --seed N        of the flips (1)
  --out FILE      the table as markdown; each outcome as it comes stands in FILE.jsonl, and a run with the same FILE
                  goes on behind those
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    kind: { type: 'string', multiple: true, default: [] },
    writes: { type: 'string', default: '3000' },
    jobs: { type: 'string', default: '2' },
    out: { type: 'string' },
    flips: { type: 'string' },
    seed: { type: 'string', default: '1' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const FLIPPED_WRITES = 240;
const FLIPPED: readonly Kind[] = ['standard', 'no-snapshot', 'trimmed', 'promoted'];

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const unknown = values.kind.find((kind) => !KINDS.includes(kind as Kind));
  if (unknown !== undefined) throw new Error(`no kind is called ${unknown}: ${KINDS.join(', ')}`);
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-chaos-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const common = {
    folder,
    only: new RegExp(values.only ?? ''),
    jobs: Number(values.jobs),
    say: (text: string) => void process.stdout.write(`${text}\n`),
    onVerdict: (verdict: object) => {
      if (values.out !== undefined) appendFileSync(`${values.out}.jsonl`, `${JSON.stringify(verdict)}\n`);
    },
  };
  const kinds = values.kind as Kind[];
  if (values.flips !== undefined) {
    const [count, seed] = [Number(values.flips), Number(values.seed)];
    const prepared: Prepared[] = [];
    for (const kind of kinds.length === 0 ? FLIPPED : kinds)
      prepared.push(await prepare(kind, folder, { writes: FLIPPED_WRITES, valueBytes: 48 }));
    const all = await flips({ ...common, prepared, flips: count, seed, done: before<FlipVerdict>() });
    return leave(formatFlips(all, seed), all);
  }
  const all = await matrix({
    ...common,
    kinds: kinds.length === 0 ? KINDS : kinds,
    writes: Number(values.writes),
    list: values.list,
    done: before<Verdict>(),
  });
  return values.list ? 0 : leave(formatTable(all), all);
}

/** What an earlier run with the same file has written. */
function before<T>(): T[] {
  const file = `${values.out}.jsonl`;
  if (values.out === undefined || !existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  // A run that was killed has perhaps not written its last line.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as T);
}

function leave(table: string, verdicts: readonly { outcome: Outcome }[]): number {
  process.stdout.write(`\n${table}`);
  if (values.out !== undefined) writeFileSync(values.out, table);
  return verdicts.every(({ outcome }) => outcome === 'nothing-lost' || outcome === 'refused') ? 0 : 1;
}

for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(1));
process.exitCode = await main();
