import type { Outcome, Verdict } from './cell.ts';
import type { FlipVerdict } from './flips.ts';

const OUTCOMES: readonly Outcome[] = ['nothing-lost', 'refused', 'stuck', 'silent', 'harness'];

/** What came of all cells, as markdown: how many of each outcome, then each cell; equal ones in one row. */
export function formatTable(verdicts: readonly Verdict[]): string {
  const counts = (Object.entries(Object.groupBy(verdicts, ({ outcome }) => outcome)) as [Outcome, Verdict[]][]).map(
    ([outcome, all]) => `${outcome}: ${all.length}`,
  );
  const rows = Map.groupBy(verdicts, (one) =>
    [
      one.kind,
      one.file,
      one.fault,
      one.outcome,
      one.repaired ?? '',
      generic(one.runbook ?? ''),
      generic(one.said),
    ].join('\0'),
  );
  const lines = [...rows.values()].map((all) => {
    const one = all[0]!;
    const where = all.map(({ topology, stop }) => `${topology}, ${stop}`).join('; ');
    const repaired =
      (one.repaired === undefined ? '' : `; from a copy: ${one.repaired}`) +
      (one.runbook === undefined ? '' : `; without: ${escape(generic(one.runbook))}`);
    return `| ${one.kind} | \`${one.file}\` | ${one.fault} | ${where} | ${one.outcome}${repaired} | ${escape(generic(one.said))} |`;
  });
  return [
    `${verdicts.length} cells. ${counts.join(', ')}.`,
    '',
    ...countsOf(verdicts),
    '',
    '| folder | file | fault | where | outcome | what was said |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
}

function countsOf(verdicts: readonly Verdict[]): string[] {
  const rows = Map.groupBy(verdicts, ({ kind, topology, stop }) => `${kind} | ${topology} | ${stop}`);
  return [
    `| folder | nodes | stop | cells | ${OUTCOMES.join(' | ')} |`,
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...[...rows, ['all | | ', verdicts] as const].map(
      ([name, some]) =>
        `| ${name} | ${some.length} | ${OUTCOMES.map((one) => some.filter(({ outcome }) => outcome === one).length).join(' | ')} |`,
    ),
  ];
}

/** Without what is another one in each cell. */
function generic(text: string): string {
  return text
    .replaceAll(/\/tmp\/weir-e2e-[^/ ]+\/node\//g, 'DIR/')
    .replaceAll(/\b[0-9a-f]{40}\b/g, 'LOG')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST:PORT')
    .replaceAll(/\b[0-9a-f]{16}\b/g, 'ID')
    .replaceAll(/\b(memory\d+|base|s\d+)-[0-9a-z-]+/g, 'SNAPSHOT')
    .replaceAll(/\d{3,}/g, 'N');
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** Of flips: how many of each file led to what. */
export function formatFlips(verdicts: readonly FlipVerdict[], seed: number): string {
  const counts = (some: readonly FlipVerdict[]): string =>
    OUTCOMES.map((outcome) => some.filter((one) => one.outcome === outcome).length).join(' | ');
  const rows = [...Map.groupBy(verdicts, ({ file }) => file)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    `${verdicts.length} flipped bits, seed ${seed}.`,
    '',
    `| file | flips | ${OUTCOMES.join(' | ')} |`,
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map(([file, some]) => `| \`${file}\` | ${some.length} | ${counts(some)} |`),
    `| all | ${verdicts.length} | ${counts(verdicts)} |`,
    '',
  ].join('\n');
}
