// What `npm test` does, and each part of it by name:
//
//   tools/run tools/test/main.ts                         format, lint, typecheck, unit, e2e; stops at the first that fails
//   tools/run tools/test/main.ts unit libs/resp          the unit tests below a folder (or matching part of a path)
//   tools/run tools/test/main.ts unit e2e                two parts, whole
//
// All unit tests are one run of Node's test runner and all end-to-end tests another, each file in a process of its own: a test that
// leaves something behind cannot make another pass. The sum of both stands at the end. A run that finds no test fails, and so does
// a skipped test: both look like success otherwise.

import { spawn, spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { checkoutRoot } from '@weir/toolchain';

import { addCounts, noCounts, parseCounts } from './counts.ts';
import type { TestCounts } from './counts.ts';
import { provideRedis } from './redis.ts';

const root = checkoutRoot();
const bin = path.join(root, 'node_modules/.bin');
const cache = path.join(root, '.cache');
const unusedCheck = path.join(root, 'tools/lint/unused.ts');

/** Several times what they take on two cores. */
const TOOL_MAX_MS = 15 * 60_000;
const UNIT_MAX_MS = 15 * 60_000;
const E2E_MAX_MS = 45 * 60_000;
const UNIT_FILE_MAX_MS = 4 * 60_000;
const E2E_FILE_MAX_MS = 20 * 60_000;
/** For a run that is told to end: its tests end their servers. */
const END_MS = 20_000;

type Part = 'format' | 'lint' | 'typecheck' | 'unit' | 'e2e';

interface PartResult {
  readonly ok: boolean;
  readonly counts?: TestCounts;
}

interface Selection {
  /** Folders or parts of paths; empty means all. */
  readonly wanted: readonly string[];
  readonly mayBeEmpty: boolean;
}

const parts: Record<Part, (selection: Selection) => Promise<PartResult>> = {
  format: async () => {
    const cacheFile = path.join(cache, 'prettier');
    return {
      ok: await run(['prettier', '--check', '--cache', '--cache-location', cacheFile, '--log-level', 'warn', '.']),
    };
  },
  lint: async () => {
    // Without a current project graph the module-boundary rule is passed over in silence, so the graph comes first. That the
    // rule does bind is tested in tools/lint.
    if (!(await run(['nx', 'show', 'projects'], { quiet: true }))) return { ok: false };
    const [clean, alive] = [await run(['oxlint', '--deny-warnings']), await run(['node', unusedCheck])];
    return { ok: clean && alive };
  },
  typecheck: async () => {
    // What runs in Node, and what runs in a browser: each has globals that the other has not.
    const check = (project: string, name: string): Promise<boolean> =>
      run(['tsc', '-p', project, '--noEmit', '--incremental', '--tsBuildInfoFile', path.join(cache, name)]);
    const [node, page] = [
      await check('tsconfig.json', 'tsbuildinfo'),
      await check('apps/admin/page', 'tsbuildinfo-page'),
    ];
    return { ok: node && page };
  },
  unit: (selection) => runTests('unit', selection, Math.max(1, os.availableParallelism())),
  // Each of these starts servers of its own; on two cores a second one at the same time only makes both slower and their bounds tighter.
  e2e: (selection) => runTests('e2e', selection, os.availableParallelism() >= 4 ? 2 : 1),
};

async function runTests(
  kind: 'unit' | 'e2e',
  { wanted, mayBeEmpty }: Selection,
  concurrency: number,
): Promise<PartResult> {
  const files = globSync('{apps,examples,libs,tools}/**/*.test.{ts,mjs}', {
    cwd: root,
    exclude: ['**/node_modules/**', '**/fixtures/**'],
  })
    .filter((file) => /\.e2e\.test\.(ts|mjs)$/.test(file) === (kind === 'e2e'))
    .filter(
      (file) =>
        wanted.length === 0 ||
        wanted.some((part) => (isFolder(part) ? file.startsWith(`${part}/`) : file.includes(part))),
    )
    .toSorted();
  if (files.length === 0) {
    const where = wanted.length === 0 ? '' : ` in ${wanted.join(', ')}`;
    process.stderr.write(`there are no ${kind} tests${where}\n`);
    return { ok: mayBeEmpty, counts: noCounts };
  }
  const countsFile = path.join(cache, `test-counts-${kind}-${process.pid}.json`);
  const args = [
    'node',
    `--import=${path.join(import.meta.dirname, 'leak-guard.ts')}`,
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${kind === 'unit' ? 120_000 : 600_000}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${path.join(import.meta.dirname, 'count-reporter.ts')}`,
    `--test-reporter-destination=${countsFile}`,
    ...files,
  ];
  const passed = await run(args, {
    env: {
      NODE_COMPILE_CACHE: path.join(cache, 'compile'),
      TEST_FILE_MS_MAX: String(kind === 'unit' ? UNIT_FILE_MAX_MS : E2E_FILE_MAX_MS),
    },
    boundMs: kind === 'unit' ? UNIT_MAX_MS : E2E_MAX_MS,
  });
  let counts: TestCounts;
  try {
    counts = parseCounts(readFileSync(countsFile, 'utf8'));
  } catch {
    process.stderr.write('the test runner ended without a result\n');
    return { ok: false };
  } finally {
    rmSync(countsFile, { force: true });
  }
  if (counts.skipped + counts.todo > 0)
    process.stderr.write('skipped and todo tests are not allowed: repair or remove them\n');
  if (counts.tests === 0) process.stderr.write('the test files contain no test\n');
  return { ok: passed && counts.tests > 0 && counts.skipped + counts.todo === 0, counts };
}

interface RunOptions {
  readonly env?: Record<string, string>;
  /** Ends it, and all that it has started, after so long: Node's runner then names the file that it was waiting for. */
  readonly boundMs?: number;
  /** Shows the output only when the command fails. */
  readonly quiet?: boolean;
}

/** Runs a tool of node_modules/.bin; Ctrl-C reaches it through the terminal, a SIGTERM is passed on. */
function run(
  [tool = '', ...args]: readonly string[],
  { env = {}, boundMs = TOOL_MAX_MS, quiet = false }: RunOptions = {},
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(path.join(bin, tool), args, {
      cwd: root,
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
      env: {
        ...process.env,
        PATH: `${bin}${path.delimiter}${process.env['PATH'] ?? ''}`,
        NX_DAEMON: 'false',
        ...env,
      },
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    const forward = (): void => void child.kill('SIGTERM');
    process.once('SIGTERM', forward);
    let all: string[] = [];
    const overdue = (): void => {
      process.stderr.write(`not finished after ${boundMs / 60_000} minutes\n`);
      all = descendantsOf(child.pid!);
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), END_MS).unref();
    };
    const bound = setTimeout(overdue, boundMs);
    child.on('error', reject);
    child.on('close', (code) => {
      process.off('SIGTERM', forward);
      clearTimeout(bound);
      endThose(all);
      if (quiet && code !== 0) process.stderr.write(output);
      resolve(code === 0);
    });
  });
}

/** All processes: their parent, and what tells a process from a later one with the same pid. */
function processes(): { pid: number; parent: number; identity: string }[] {
  const options = { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
  // Where there is no ps they are left.
  const { stdout } = spawnSync('ps', ['-axo', 'pid=,ppid=,lstart=,args='], options);
  return (stdout ?? '').split('\n').flatMap((line) => {
    const [, pid, parent, rest] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), identity: `${pid} ${rest}` }];
  });
}

function descendantsOf(root: number): string[] {
  const all = processes();
  const below = (parent: number): string[] =>
    all.filter((one) => one.parent === parent).flatMap(({ pid, identity }) => [identity, ...below(pid)]);
  return below(root);
}

/** Those which a run that was cut off has left behind: a test that loops hears no signal, its servers have no parent any more. */
function endThose(identities: readonly string[]): void {
  if (identities.length === 0) return;
  for (const { pid, identity } of processes()) if (identities.includes(identity)) process.kill(pid, 'SIGKILL');
}

const isFolder = (name: string): boolean =>
  statSync(path.join(root, name), { throwIfNoEntry: false })?.isDirectory() === true;
const isPart = (name: string): name is Part => Object.hasOwn(parts, name);
const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

async function main(): Promise<boolean> {
  const args = process.argv.slice(2);
  const named = args.filter(isPart);
  const selection: Selection = {
    wanted: args
      .filter((arg) => !isPart(arg) && !arg.startsWith('-'))
      .map((arg) => path.relative(root, path.resolve(root, arg))),
    mayBeEmpty: args.includes('--if-any'),
  };
  const unknown = args.find((arg) => arg.startsWith('-') && arg !== '--if-any');
  if (unknown !== undefined || (named.length === 0 && selection.wanted.length > 0)) {
    process.stderr.write(`usage: tools/test/main.ts [${Object.keys(parts).join('|')}]... [path]...\n`);
    return false;
  }
  const chosen = named.length > 0 ? named : Object.keys(parts).filter(isPart);
  mkdirSync(cache, { recursive: true });
  if (chosen.includes('unit') || chosen.includes('e2e')) {
    const redisFolder = await provideRedis(root);
    if (redisFolder !== undefined) process.env['PATH'] = `${redisFolder}${path.delimiter}${process.env['PATH'] ?? ''}`;
  }

  const began = performance.now();
  const lines: string[] = [];
  let counts = noCounts;
  let ok = true;
  for (const part of chosen) {
    process.stdout.write(`\n── ${part} ──\n`);
    const partBegan = performance.now();
    const result = await parts[part](selection);
    if (result.counts !== undefined) counts = addCounts(counts, result.counts);
    const tests = result.counts === undefined ? '' : `   ${result.counts.tests} tests`;
    lines.push(`${result.ok ? '✔' : '✖'} ${part.padEnd(10)} ${seconds(partBegan).padStart(8)}${tests}`);
    if (!result.ok) {
      ok = false;
      break;
    }
  }
  for (const part of chosen.slice(lines.length)) lines.push(`- ${part.padEnd(10)} not run`);
  process.stdout.write(`\n── ${ok ? 'passed' : 'FAILED'} in ${seconds(began)} ──\n${lines.join('\n')}\n`);
  if (chosen.includes('unit') || chosen.includes('e2e')) {
    for (const [name, value] of Object.entries(counts)) process.stdout.write(`ℹ ${name} ${value}\n`);
  }
  return ok;
}

process.exitCode = (await main()) ? 0 : 1;
