// The rules that keep the pure libs pure, tried on code that breaks them. They have ways of passing in silence (no project graph,
// a tag misspelt, an override that matches no file), so nothing less than a real run of the linter counts.
//
// The code is linted in a scratch copy of the workspace's outline: package.json files, configuration, a link to node_modules.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { checkoutRoot } from '@weir/toolchain';

const root = checkoutRoot();
const boundary = '@nx(enforce-module-boundaries)';
const imports = 'eslint(no-restricted-imports)';
const globals = 'eslint(no-restricted-globals)';
const properties = 'eslint(no-restricted-properties)';
const dynamic = 'weir(no-dynamic-import)';
const wallClock = 'weir(no-wall-clock)';
const unannounced = 'weir(announced-changes)';
const hashPrivate = 'weir(hash-private)';
const typeImports = 'import(consistent-type-specifier-style)';
const typeExports = 'weir(separate-type-exports)';
const essay = 'weir(essay-before-imports)';

interface Case {
  readonly title: string;
  readonly file: string;
  readonly code: string;
  /** The rules that report, each once or more; none: the code is allowed. */
  readonly rules: readonly string[];
}

const pure = 'libs/memory/src';
const cases: readonly Case[] = [
  {
    title: 'a pure lib may import no I/O lib',
    file: `${pure}/io-lib.ts`,
    code: `export { logger } from '@weir/telemetry';`,
    rules: [boundary],
  },
  {
    title: 'a pure lib may import no npm package',
    file: `${pure}/npm.ts`,
    code: `export { connect } from 'nats';`,
    rules: [boundary],
  },
  {
    title: 'a pure lib may import no built-in that does I/O',
    file: `${pure}/builtin.ts`,
    code: `export { readFileSync } from 'node:fs';`,
    rules: [imports],
  },
  {
    title: 'a pure lib may import no built-in by its bare name either',
    file: `${pure}/bare.ts`,
    code: `export { open } from 'fs/promises';`,
    rules: [imports],
  },
  {
    title: 'a pure lib may import no timers, randomness or clock',
    file: `${pure}/clock-module.ts`,
    code: `export { setTimeout } from 'node:timers/promises';\nexport { randomBytes } from 'node:crypto';\nexport { performance } from 'node:perf_hooks';`,
    rules: [imports],
  },
  {
    title: 'a pure lib may not import at run time',
    file: `${pure}/dynamic.ts`,
    code: `export const load = async (name: string): Promise<unknown> => import(name);`,
    rules: [dynamic],
  },
  {
    title: 'a pure lib may not read the clock',
    file: `${pure}/clock.ts`,
    code: `export const now = (): number => Date.now();\nexport const later = (): number => performance.now();`,
    rules: [globals, wallClock],
  },
  {
    title: 'a pure lib may not draw random numbers',
    file: `${pure}/random.ts`,
    code: `export const draw = (): number => Math.random();`,
    rules: [properties],
  },
  {
    title: 'a pure lib may not take Math apart to draw random numbers',
    file: `${pure}/random-taken.ts`,
    code: `export const { random } = Math;`,
    rules: [properties],
  },
  {
    title: 'a pure lib may not look at the process or around through globalThis',
    file: `${pure}/process.ts`,
    code: `export const pid = process.pid;\nexport const all = globalThis;`,
    rules: [globals],
  },
  {
    title: 'a pure lib may not set timers',
    file: `${pure}/timer.ts`,
    code: `setTimeout(() => undefined, 1);`,
    rules: [globals],
  },
  {
    title: 'a base lib may import no codec',
    file: `${pure}/codec.ts`,
    code: `export { ReplyWriter } from '@weir/resp';`,
    rules: [boundary],
  },
  {
    title: 'a codec may import no domain lib',
    file: 'libs/resp/src/domain.ts',
    code: `export { Keyspace } from '@weir/keyspace';`,
    rules: [boundary],
  },
  {
    title: 'a domain lib may import no adapter',
    file: 'libs/commands/src/adapter.ts',
    code: `export { Log } from '@weir/log';`,
    rules: [boundary],
  },
  {
    title: 'an adapter may import no app',
    file: 'libs/log/src/app.ts',
    code: `export { run } from '@weir/app-engine';`,
    rules: [boundary],
  },
  {
    title: 'an app may import no other app',
    file: 'apps/engine/src/other-app.ts',
    code: `export { run } from '@weir/app-ingress';`,
    rules: [boundary],
  },
  {
    title: 'no lib is imported by a relative path',
    file: 'libs/log/src/relative.ts',
    code: `export { Logger } from '../../telemetry/src/index.ts';`,
    rules: [boundary],
  },
  {
    title: 'fakes and fixtures are not for programs',
    file: 'libs/log/src/fakes.ts',
    code: `export { fakeClock } from '@weir/link/testing';`,
    rules: [imports],
  },
  {
    title: 'nobody imports a deep path',
    file: 'libs/log/src/deep.ts',
    code: `export { frame } from '@weir/resp/src/frame.ts';`,
    rules: [imports],
  },
  {
    title: 'a promise may not be forgotten',
    file: 'libs/log/src/floating.ts',
    code: `async function work(): Promise<void> {}\nexport function start(): void {\n  work();\n}`,
    rules: ['typescript(no-floating-promises)'],
  },
  {
    title: 'a pure lib may import pure libs below it',
    file: 'libs/commands/src/allowed.ts',
    code: `export { Keyspace } from '@weir/keyspace';\nexport { ReplyWriter } from '@weir/resp';\nexport { Arena } from '@weir/memory';`,
    rules: [],
  },
  {
    title: 'an adapter may do I/O and import what is below it',
    file: 'libs/log/src/allowed.ts',
    code: `export { connect } from 'nats';\nexport { readFileSync } from 'node:fs';\nexport { ReplyWriter } from '@weir/resp';\nexport const now = (): number => performance.now();`,
    rules: [],
  },
  {
    title: 'nobody measures time with the wall clock',
    file: 'apps/engine/src/wall.ts',
    code: `export const since = (then: number): number => Date.now() - then;`,
    rules: [wallClock],
  },
  {
    title: 'the wall clock is not handed on as a clock either',
    file: 'libs/cluster/src/wall-handed-on.ts',
    code: `export const clock = { now: Date.now };`,
    rules: [wallClock],
  },
  {
    title: 'a date of now is the wall clock too',
    file: 'libs/log/src/wall-date.ts',
    code: `export const at = (): number => new Date().getTime();`,
    rules: [wallClock],
  },
  {
    title: 'a date of a given time is no clock',
    file: 'libs/log/src/allowed-date.ts',
    code: `export const text = (ms: number): string => new Date(ms).toISOString();`,
    rules: [],
  },
  {
    title: 'one file reads the wall clock, for those who need a calendar time',
    file: 'libs/time/src/real-time.ts',
    code: `export const wallClockMs = (): number => Date.now();`,
    rules: [],
  },
  {
    title: 'a command may not change keys without announcing it',
    file: 'libs/commands/src/string/unannounced.ts',
    code: `import type { Context } from '../core/context.ts';\nexport const drop = (ctx: Context, ref: number): void => ctx.keyspace.remove(ctx.db, ctx.hash, ref);`,
    rules: [unannounced],
  },
  {
    title: 'nor through the names of the keyspace and of its tables',
    file: 'libs/commands/src/string/unannounced-names.ts',
    code: `import type { Context } from '../core/context.ts';\nexport function drop(ctx: Context): void {\n  const { keyspace } = ctx;\n  keyspace.flushAll();\n  ctx.db.keys.clear();\n}`,
    rules: [unannounced],
  },
  {
    title: 'nor by taking the methods out of it',
    file: 'libs/commands/src/string/unannounced-taken.ts',
    code: `import type { Context } from '../core/context.ts';\nexport function drop(ctx: Context): void {\n  const { swap } = ctx.keyspace;\n  swap(0, 1);\n}`,
    rules: [unannounced],
  },
  {
    title: 'what announces changes may make them, and a command may make values that belong to no key',
    file: 'libs/commands/src/core/announcing.ts',
    code: `import type { Context } from './context.ts';\nexport const drop = (ctx: Context, ref: number): void => ctx.keyspace.remove(ctx.db, ctx.hash, ref);`,
    rules: [],
  },
  {
    title: 'a private field is not one by its keyword',
    file: 'libs/log/src/private-field.ts',
    code: `export class Held {\n  private n = 0;\n  next(): number {\n    return ++this.n;\n  }\n}`,
    rules: [hashPrivate],
  },
  {
    title: 'nor a private method, static or not',
    file: 'libs/log/src/private-method.ts',
    code: `export class Held {\n  next(): number {\n    return Held.one();\n  }\n  private static one(): number {\n    return 1;\n  }\n}`,
    rules: [hashPrivate],
  },
  {
    title: 'nor a private accessor',
    file: 'libs/log/src/private-accessor.ts',
    code: `export class Held {\n  next(): number {\n    return this.one;\n  }\n  private get one(): number {\n    return 1;\n  }\n}`,
    rules: [hashPrivate],
  },
  {
    title: 'a constructor can be private by its keyword alone',
    file: 'libs/log/src/allowed-private.ts',
    code: `export class Held {\n  readonly #n: number;\n  private constructor(n: number) {\n    this.#n = n;\n  }\n  static of(n: number): Held {\n    return new Held(n);\n  }\n  get n(): number {\n    return this.#n;\n  }\n}`,
    rules: [],
  },
  {
    title: 'a type is imported by a line of its own',
    file: 'libs/log/src/inline-type.ts',
    code: `import { connect, type Socket } from 'node:net';\nexport const open = (): Socket => connect(1);`,
    rules: [typeImports],
  },
  {
    title: 'a type is exported by a line of its own',
    file: 'libs/log/src/inline-type-export.ts',
    code: `export { connect, type Socket } from 'node:net';`,
    rules: [typeExports],
  },
  {
    title: 'lines of their own are what is asked for',
    file: 'libs/log/src/allowed-types.ts',
    code: `import { connect } from 'node:net';\nimport type { Socket } from 'node:net';\nexport type { Server } from 'node:net';\nexport const open = (): Socket => connect(1);`,
    rules: [],
  },
  {
    title: 'the comment about a file does not stand behind its imports',
    file: 'libs/log/src/essay-late.ts',
    code: `import { connect } from 'node:net';\n\n// What this file is about.\n// And more.\n\nexport const open = (): unknown => connect(1);`,
    rules: [essay],
  },
  {
    title: 'nor in a test, close to the last import',
    file: 'libs/log/src/essay-close.test.ts',
    code: `import { test } from 'node:test';\n/** What this file is about. */\n\ntest('x', () => undefined);`,
    rules: [essay],
  },
  {
    title: 'it stands before them, behind what a tool is told',
    file: 'libs/log/src/allowed-essay.ts',
    code: `#!/usr/bin/env node\n// oxlint-disable no-console\n// What this file is about.\n\nimport { connect } from 'node:net';\n\n/** A port. */\nexport const open = (): unknown => connect(1);`,
    rules: [],
  },
  {
    title: 'the comment about the first statement stays with it',
    file: 'libs/log/src/allowed-docstring.ts',
    code: `import { connect } from 'node:net';\n\n// Of a statement.\n// Two lines.\nexport const open = (): unknown => connect(1);\n\n// A part.\n\nexport const two = 2;`,
    rules: [],
  },
  {
    title: 'the launcher may import the apps',
    file: 'apps/server/src/allowed.ts',
    code: `export { run } from '@weir/app-engine';\nexport { listen } from '@weir/app-ingress';`,
    rules: [],
  },
  {
    title: 'an example is an application as anybody writes it: it imports no lib of ours',
    file: 'examples/leaderboard/src/lib.ts',
    code: `export { ReplyWriter } from '@weir/resp';`,
    rules: [boundary],
  },
  {
    title: 'an example may import packages, and its test the testkit',
    file: 'examples/leaderboard/src/allowed.test.ts',
    code: `export { Redis } from 'ioredis';\nexport { withRig } from '@weir/testkit';`,
    rules: [],
  },
  {
    title: 'tests of a pure lib may do what they need',
    file: `${pure}/allowed.test.ts`,
    code: `import { readFileSync } from 'node:fs';\nimport { test } from 'node:test';\nimport fc from 'fast-check';\nimport { start } from '@weir/testkit';\ntest('x', () => [readFileSync, fc, start, Date.now()]);`,
    rules: [],
  },
];

let scratch = '';
let found: ReadonlyMap<string, ReadonlySet<string>> = new Map();

before(() => {
  scratch = mkdtempSync(path.join(os.tmpdir(), 'weir-lint-'));
  const outline = [
    'package.json',
    'package-lock.json',
    'nx.json',
    'tsconfig.json',
    'tsconfig.base.json',
    '.oxlintrc.json',
  ];
  const manifests = globSync('{apps,examples,libs,tools}/*/package.json', { cwd: root });
  for (const file of [...outline, ...manifests, 'tools/lint/plugin.mjs']) {
    cpSync(path.join(root, file), path.join(scratch, file));
  }
  linkNodeModules(manifests);
  for (const manifest of manifests) write(path.join(path.dirname(manifest), 'src/index.ts'), 'export {};');
  for (const { file, code } of cases) write(file, code);
  const graph = runTool('nx', ['show', 'projects']);
  assert.equal(graph.status, 0, graph.stderr);
  const lint = runTool('oxlint', ['--format', 'json']);
  found = rulesByFile(lint.stdout);
});

/** All packages are the checkout's, but the workspace's own are the scratch copies: otherwise they would seem to lie outside. */
function linkNodeModules(manifests: readonly string[]): void {
  const from = path.join(root, 'node_modules');
  const to = path.join(scratch, 'node_modules');
  mkdirSync(path.join(to, '@weir'), { recursive: true });
  for (const name of readdirSync(from)) {
    if (name !== '@weir') symlinkSync(path.join(from, name), path.join(to, name));
  }
  for (const manifest of manifests) {
    const { name } = JSON.parse(readFileSync(path.join(root, manifest), 'utf8'));
    symlinkSync(path.join(scratch, path.dirname(manifest)), path.join(to, name));
  }
}

function write(file: string, code: string): void {
  mkdirSync(path.dirname(path.join(scratch, file)), { recursive: true });
  writeFileSync(path.join(scratch, file), `${code}\n`);
}

after(() => rmSync(scratch, { recursive: true, force: true }));

function runTool(
  tool: string,
  args: readonly string[],
): ReturnType<typeof spawnSync> & { stdout: string; stderr: string } {
  const env: NodeJS.ProcessEnv = { ...process.env, NX_DAEMON: 'false' };
  return spawnSync(path.join(root, 'node_modules/.bin', tool), args, {
    cwd: scratch,
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
}

function rulesByFile(json: string): Map<string, Set<string>> {
  const report: { diagnostics: { filename: string; code: string }[] } = JSON.parse(json);
  const rules = new Map<string, Set<string>>();
  for (const { filename, code } of report.diagnostics) {
    const file = path.relative(scratch, path.resolve(scratch, filename));
    rules.set(file, (rules.get(file) ?? new Set()).add(code));
  }
  return rules;
}

for (const { title, file, rules } of cases) {
  test(title, () => {
    assert.deepEqual([...(found.get(file) ?? [])].toSorted(), [...rules].toSorted());
  });
}

interface Project {
  readonly folder: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly targets: readonly string[];
}

const projects: readonly Project[] = globSync('{apps,examples,libs,tools}/*/package.json', { cwd: root }).map(
  (file) => {
    const { name, nx = {} } = JSON.parse(readFileSync(path.join(root, file), 'utf8'));
    return { folder: path.dirname(file), name, tags: nx.tags ?? [], targets: Object.keys(nx.targets ?? {}) };
  },
);

test('every folder of apps, examples, libs and tools is a project', () => {
  const folders = globSync('{apps,examples,libs,tools}/*/', { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
  assert.deepEqual(folders.toSorted(), projects.map(({ folder }) => folder).toSorted());
});

test('every project has one type, one purity, and a test target', () => {
  const types = ['app', 'launcher', 'adapter', 'domain', 'codec', 'base', 'test', 'tool', 'example'].map(
    (name) => `type:${name}`,
  );
  const purities = ['purity:pure', 'purity:io'];
  assert.ok(projects.length > 10);
  for (const { name, tags, targets } of projects) {
    assert.equal(tags.filter((tag) => types.includes(tag)).length, 1, `${name}: type`);
    assert.equal(tags.filter((tag) => purities.includes(tag)).length, 1, `${name}: purity`);
    assert.equal(tags.length, 2, `${name}: an unknown tag constrains nothing`);
    assert.ok(targets.includes('test'), `${name}: test target`);
  }
});

test('the rules about globals and built-ins cover exactly the projects that are tagged pure', () => {
  const config: { overrides: { files: string[]; rules?: Record<string, unknown> }[] } = JSON.parse(
    readFileSync(path.join(root, '.oxlintrc.json'), 'utf8'),
  );
  const [override] = config.overrides.filter(({ rules = {} }) => 'weir/no-dynamic-import' in rules);
  const covered = projects.filter(({ folder }) =>
    override?.files.some((glob) => path.matchesGlob(`${folder}/src/x.ts`, glob)),
  );
  const pureProjects = projects.filter(({ tags }) => tags.includes('purity:pure'));
  assert.deepEqual(
    covered.map(({ name }) => name),
    pureProjects.map(({ name }) => name),
  );
});
