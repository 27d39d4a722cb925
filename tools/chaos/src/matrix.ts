import { cellName, runCell } from './cell.ts';
import type { Cell, Verdict } from './cell.ts';
import { applies, targetsOf } from './files.ts';
import { prepare } from './prepare.ts';
import type { Kind } from './prepare.ts';

/** Every file of every kind of folder with every fault. */
export interface MatrixOptions {
  /** For prepared folders. */
  readonly folder: string;
  readonly kinds: readonly Kind[];
  readonly only: RegExp;
  readonly writes: number;
  /** Cells at the same time. */
  readonly jobs: number;
  /** Says the names only. */
  readonly list: boolean;
  readonly say: (text: string) => void;
  readonly onVerdict: (verdict: Verdict) => void;
  /** Of an earlier run: those cells are not run again. */
  readonly done: readonly Verdict[];
}

const FAULTS = ['missing', 'empty', 'truncated', 'flipped', 'older'] as const;
/** A dump that is missing or another one is what the operator brought. */
const DUMP_FAULTS = ['empty', 'truncated', 'flipped'] as const;
const STOPS = ['clean', 'killed'] as const;
const TOPOLOGIES = ['alone', 'slave'] as const;
/** So that the log has several blocks: nats-server begins another at 8 MB. */
const LARGE_BYTES = 24_000_000;

export async function matrix(options: MatrixOptions): Promise<Verdict[]> {
  const { kinds, folder, writes, only, say, list } = options;
  const verdicts: Verdict[] = [...options.done];
  const done = new Set(verdicts.map(nameOfVerdict));
  for (const kind of kinds) {
    const cells: Cell[] = [];
    const valueBytes = kind === 'large' ? Math.ceil(LARGE_BYTES / writes) : 48;
    const prepared = await prepare(kind, folder, { writes, valueBytes });
    if (kind === 'import') {
      const target = targetsOf(prepared.clean.dir).find(({ name }) => name === 'dump.rdb')!;
      for (const fault of DUMP_FAULTS) cells.push({ prepared, topology: 'alone', stop: 'clean', target, fault });
    }
    for (const topology of kind === 'import' ? [] : TOPOLOGIES) {
      for (const stop of STOPS) {
        for (const target of targetsOf(prepared[stop].dir))
          for (const fault of FAULTS) cells.push({ prepared, topology, stop, target, fault });
      }
    }
    const chosen = cells.filter((cell) => only.test(cellName(cell)) && !done.has(cellName(cell)) && isApplied(cell));
    if (list) for (const cell of chosen) say(cellName(cell));
    else verdicts.push(...(await runAll(chosen, options)));
  }
  return verdicts;
}

function nameOfVerdict({ kind, topology, stop, file, fault }: Verdict): string {
  return `${kind}/${topology}/${stop}/${file}/${fault}`;
}

/** As far as the prepared folder tells. */
function isApplied({ prepared, stop, target, fault }: Cell): boolean {
  return applies(fault, target, prepared[stop].dir, prepared.older);
}

async function runAll(cells: readonly Cell[], { jobs, say, onVerdict }: MatrixOptions): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < cells.length) {
      const number = next++;
      const cell = cells[number]!;
      const verdict = await runCell(cell);
      if (verdict === null) continue;
      verdicts.push(verdict);
      onVerdict(verdict);
      const { outcome, repaired, runbook, seconds, said } = verdict;
      const ways = [repaired === undefined ? [] : `copy: ${repaired}`, runbook ?? []].flat();
      const more = ways.length === 0 ? '' : ` (${ways.join('; ')})`;
      say(`${number + 1}/${cells.length} ${seconds} s ${outcome}${more} ${cellName(cell)}: ${said.slice(0, 220)}`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return verdicts;
}
