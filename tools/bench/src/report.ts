/** What a whole run found: the JSON file, and the text a person reads. */

import type { MachineDescription } from './machine.ts';
import type { Run, ThroughputResult } from './throughput.ts';

/** One figure beside Redis's. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly weir: number | null;
  readonly redis: number | null;
  /** What is promised: a bound on Weir's value or on its ratio to Redis's, from above or from below. */
  readonly target: { readonly of: 'value' | 'ratio'; readonly bound: 'min' | 'max'; readonly at: number } | null;
  /** What stands behind it, for people. */
  readonly note?: string;
}

export interface Report {
  readonly at: string;
  readonly machine: MachineDescription;
  readonly versions: Readonly<Record<string, string>>;
  readonly quick: boolean;
  readonly throughput: readonly ThroughputResult[];
  readonly figures: readonly Figure[];
  /** What could not be measured, and why. */
  readonly failures?: readonly string[];
}

export type Verdict = 'met' | 'missed' | '';

export function verdictOf(value: number, target: number | null): Verdict {
  if (target === null) return '';
  return value >= target ? 'met' : 'missed';
}

function ratioOf({ weir, redis }: Figure): number | null {
  return weir === null || redis === null || redis === 0 ? null : weir / redis;
}

export function figureVerdict(figure: Figure): Verdict {
  const { target } = figure;
  const value = target?.of === 'ratio' ? ratioOf(figure) : figure.weir;
  if (target === null || value === null) return '';
  return (target.bound === 'min' ? value >= target.at : value <= target.at) ? 'met' : 'missed';
}

export function formatNumber(value: number | null): string {
  if (value === null || Number.isNaN(value)) return '–';
  const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 3;
  const [whole = '', fraction] = value.toFixed(digits).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ' ');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** The most that other programs took of the processors in any of these runs. */
function disturbance(runs: readonly Run[]): string {
  const shares = runs.flatMap(({ foreign }) => (foreign === null ? [] : [foreign]));
  return shares.length === 0 ? '' : `${Math.round(Math.max(...shares) * 100)} %`;
}

function targetText(figure: Figure): string {
  const { target } = figure;
  if (target === null) return '';
  const sign = target.bound === 'min' ? '≥' : '≤';
  return `${sign} ${target.at}${target.of === 'ratio' ? '×' : ''}`;
}

function table(rows: readonly (readonly string[])[], left: number): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i < left ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function formatReport(report: Report): string {
  const { machine, versions } = report;
  const parts = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  ];
  if (report.throughput.length > 0) {
    const rows = [
      ['case', 'Weir ops/s', 'p50 ms', 'p99 ms', 'Redis ops/s', 'p50 ms', 'p99 ms', 'ratio', 'target', '', 'others'],
      ...report.throughput.map(({ name, weir, redis, ratio, target }) => [
        name,
        ...[weir, redis].flatMap((side) => [
          formatNumber(Math.round(side.opsPerSecond)),
          side.p50Ms.toFixed(2),
          side.p99Ms.toFixed(2),
        ]),
        ratio.toFixed(2),
        target === null ? '' : `≥ ${target}×`,
        verdictOf(ratio, target),
        disturbance([...weir.runs, ...redis.runs]),
      ]),
    ];
    parts.push('', table(rows, 1));
  }
  if (report.figures.length > 0) {
    const rows = [
      ['figure', 'unit', 'Weir', 'Redis', 'ratio', 'target', '', ''],
      ...report.figures.map((figure) => [
        figure.name,
        figure.unit,
        formatNumber(figure.weir),
        formatNumber(figure.redis),
        ratioOf(figure)?.toFixed(2) ?? '',
        targetText(figure),
        figureVerdict(figure),
        figure.note ?? '',
      ]),
    ];
    // The last column is prose.
    const notes = rows.map((row) => row.at(-1)!);
    const body = table(
      rows.map((row) => row.slice(0, -1)),
      2,
    ).split('\n');
    parts.push('', body.map((line, i) => (notes[i] === '' ? line : `${line.padEnd(92)}  ${notes[i]}`)).join('\n'));
  }
  const { failures = [] } = report;
  if (failures.length > 0) parts.push('', 'not measured:', ...failures.map((text) => `  ${text}`));
  return `${parts.join('\n')}\n`;
}
