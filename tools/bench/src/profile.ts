/** Where the time of a profiled process went: self time by part of the program, and by function. */

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface ProfileSummary {
  /** Microseconds that the thread was not idle. */
  readonly busyUs: number;
  readonly idleUs: number;
  readonly parts: readonly (readonly [name: string, us: number])[];
  readonly functions: readonly (readonly [name: string, us: number])[];
}

export function summarizeProfile(profile: Profile): ProfileSummary {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  let idleUs = 0;
  let busyUs = 0;
  for (const [i, id] of profile.samples.entries()) {
    const us = profile.timeDeltas[i] ?? 0;
    const { functionName, url, lineNumber } = byId.get(id)!.callFrame;
    if (functionName === '(idle)') {
      idleUs += us;
      continue;
    }
    busyUs += us;
    const part = partOf(functionName, url);
    parts.set(part, (parts.get(part) ?? 0) + us);
    const name = url === '' ? functionName : `${functionName || '(anonymous)'} ${shortPath(url)}:${lineNumber + 1}`;
    functions.set(name, (functions.get(name) ?? 0) + us);
  }
  return { busyUs, idleUs, parts: descending(parts), functions: descending(functions) };
}

function descending(times: ReadonlyMap<string, number>): [string, number][] {
  return [...times].toSorted((a, b) => b[1] - a[1]);
}

function shortPath(url: string): string {
  return /(?:apps|libs|tools|node_modules)\/.*$/.exec(url)?.[0].replace(/^node_modules\/@weir\//, '') ?? url;
}

function partOf(functionName: string, url: string): string {
  const ours = /(?:^|\/)((?:apps|libs|tools)\/[^/]+)\//.exec(url)?.[1];
  if (ours !== undefined) return ours;
  const dependency = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  if (dependency !== undefined) return dependency;
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === '(program)') return 'native: event loop and its system calls';
  // Native functions called from JavaScript: writeBuffer, readStart, Buffer methods.
  return url === '' ? `native: ${functionName}` : `node: ${url.replace(/^node:/, '')}`;
}

const ROWS = 14;
/** Programs that only started and ended say nothing. */
const BUSY_MIN_US = 500_000;

export function summarizeProfiles(dir: string): string {
  if (!existsSync(dir)) return 'no profiles were written\n';
  const blocks: string[] = [];
  for (const file of readdirSync(dir)
    .filter((name) => name.endsWith('.cpuprofile'))
    .toSorted()) {
    const { busyUs, idleUs, parts, functions } = summarizeProfile(
      JSON.parse(readFileSync(path.join(dir, file), 'utf8')) as Profile,
    );
    if (busyUs < BUSY_MIN_US) continue;
    const row = ([name, us]: readonly [string, number]): string =>
      `  ${((100 * us) / busyUs).toFixed(1).padStart(5)} %  ${name}`;
    const seconds = (us: number): string => (us / 1e6).toFixed(1);
    blocks.push(
      [
        `${file}: ${seconds(busyUs)} s busy, ${seconds(idleUs)} s idle`,
        ...parts.slice(0, ROWS).map(row),
        '  by function:',
        ...functions.slice(0, ROWS * 2).map(row),
      ].join('\n'),
    );
  }
  return `${blocks.join('\n\n')}\n`;
}
