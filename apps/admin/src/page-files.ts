/**
 * The files of the dashboard, made from source when the app starts, held in memory: the page's own modules without their types, and the two libraries
 * that it uses, from node_modules. There is no bundler (docs/decisions/7-dashboard-without-a-bundler.md). All stand below a path that has their hash
 * in it, so a browser may keep them for good.
 */

import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

export interface PageFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly brotli: Buffer;
  readonly gzip: Buffer;
}

export interface PageFiles {
  /** The page itself. */
  readonly index: PageFile;
  /** What stands in front of the names of the others. */
  readonly base: string;
  readonly files: ReadonlyMap<string, PageFile>;
}

const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

/** Bare names are rewritten: browsers know them only from an import map, which would have to stand inline in the page. */
const LIBRARIES: Readonly<Record<string, string>> = {
  preact: 'preact.js',
  'preact/hooks': 'preact-hooks.js',
  uplot: 'uplot.js',
};

export function readPageFiles(): PageFiles {
  const folder = fileURLToPath(new URL('../page/', import.meta.url));
  const texts = new Map<string, readonly [text: string, type: string]>();
  for (const name of readdirSync(folder).toSorted()) {
    if (name.endsWith('.css')) texts.set(name, [readFileSync(`${folder}${name}`, 'utf8'), STYLE]);
    if (!name.endsWith('.ts') || name.endsWith('.d.ts') || name.endsWith('.test.ts')) continue;
    texts.set(name, [rewriteImports(withoutTypes(readFileSync(`${folder}${name}`, 'utf8'))), SCRIPT]);
  }
  const require = createRequire(import.meta.url);
  const library = (path: string): string => readFileSync(path, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '');
  const resolved = (name: string): string => fileURLToPath(import.meta.resolve(name));
  texts.set('preact.js', [library(resolved('preact')), SCRIPT]);
  texts.set('preact-hooks.js', [rewriteImports(library(resolved('preact/hooks'))), SCRIPT]);
  // Of uPlot's builds only this one is minified; it declares a global, which in a module is the module's own.
  const uplot = require.resolve('uplot/dist/uPlot.iife.min.js');
  texts.set('uplot.js', [`${library(uplot)}\nexport default uPlot;\n`, SCRIPT]);
  texts.set('uplot.css', [library(require.resolve('uplot/dist/uPlot.min.css')), STYLE]);

  const hash = createHash('sha256');
  for (const [name, [text]] of texts) hash.update(`${name}\0${text}\0`);
  const base = `/ui/${hash.digest('hex').slice(0, 16)}`;
  const files = new Map([...texts].map(([name, [text, type]]) => [name, pageFile(text, type)]));
  const preloads = [...texts]
    .filter(([name, [, type]]) => type === SCRIPT && name !== 'main.ts')
    .map(([name]) => `<link rel="modulepreload" href="${base}/${name}">`);
  const html = readFileSync(`${folder}index.html`, 'utf8')
    .replaceAll('{base}', base)
    .replace('{preloads}', preloads.join(''));
  return { index: pageFile(html, 'text/html; charset=utf-8'), base, files };
}

function pageFile(text: string, type: string): PageFile {
  const plain = Buffer.from(text);
  // The middle of its range: the best takes a second of a start, and gains 3 %.
  const brotli = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } });
  return { type, plain, brotli, gzip: gzipSync(plain) };
}

export function rewriteImports(script: string): string {
  return script.replace(
    /(\bfrom\s*|\bimport\s*)(["'])(preact|preact\/hooks|uplot)\2/g,
    (_all, word: string, _quote, name: string) => {
      return `${word}"./${LIBRARIES[name]}"`;
    },
  );
}

/** Node says once per process that the function may change; the runtime is pinned, and whoever runs the app can do nothing about it. */
function withoutTypes(script: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(script, { mode: 'strip' });
  } finally {
    process.emitWarning = emitWarning;
  }
}
