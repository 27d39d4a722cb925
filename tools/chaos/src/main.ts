import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { matrix } from './matrix.ts';
import { KINDS } from './prepare.ts';
import type { Kind } from './prepare.ts';
import { formatTable } from './table.ts';

const help = `What becomes of a node when its files are damaged.

  npm run chaos -- matrix                      every file x every fault, stopped in order and killed, alone and with a slave
  npm run chaos -- matrix --only 'LOG/msgs'    the cells whose name matches (a regular expression; --list shows the names)

  --kind NAME     of folder, may be given several times: ${KINDS.join(', ')}
  --writes N      in a folder (3000)             --jobs N   cells at the same time (2)
  --out FILE      the table as markdown; each outcome as it comes stands in FILE.jsonl
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    kind: { type: 'string', multiple: true, default: [] },
    writes: { type: 'string', default: '3000' },
    jobs: { type: 'string', default: '2' },
    out: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  if (values.help || positionals.length !== 1 || positionals[0] !== 'matrix') {
    process.stdout.write(help);
    return values.help ? 0 : 1;
  }
  const unknown = values.kind.find((kind) => !KINDS.includes(kind as Kind));
  if (unknown !== undefined) throw new Error(`no kind is called ${unknown}: ${KINDS.join(', ')}`);
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-chaos-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const verdicts = await matrix({
    folder,
    kinds: values.kind.length === 0 ? KINDS : (values.kind as Kind[]),
    only: new RegExp(values.only ?? ''),
    writes: Number(values.writes),
    jobs: Number(values.jobs),
    list: values.list,
    say: (text) => void process.stdout.write(`${text}\n`),
    onVerdict: (verdict) => {
      if (values.out !== undefined) appendFileSync(`${values.out}.jsonl`, `${JSON.stringify(verdict)}\n`);
    },
  });
  if (values.list) return 0;
  const table = formatTable(verdicts);
  process.stdout.write(`\n${table}`);
  if (values.out !== undefined) writeFileSync(values.out, table);
  return verdicts.every(({ outcome }) => outcome === 'nothing-lost' || outcome === 'refused') ? 0 : 1;
}

for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(1));
process.exitCode = await main();
