/**
 * The cluster as it is told once a second. A stream that ends, or says nothing for a while, is opened anew; meanwhile the page shows what it has, and
 * says how old that is.
 */

import { ApiError, events } from './api.ts';
import { FIGURES } from './types.ts';
import type { Figure, History, Overview } from './types.ts';

export interface Seen {
  overview: Overview | null;
  history: History;
  /** When the last look came, by performance.now(); 0: none yet. */
  cameMs: number;
  trouble: ApiError | Error | null;
}

const RETRY_MS = 1000;
const RETRY_MS_MAX = 5000;
const SILENT_MS = 5000;
const KEPT = 900;

/** Runs until `signal`; `changed` is called with each look, and when one could not be had. */
export async function follow(seen: Seen, changed: () => void, signal: AbortSignal): Promise<void> {
  let pauseMs = RETRY_MS;
  while (!signal.aborted) {
    const silent = new AbortController();
    let watch = setTimeout(() => silent.abort(), SILENT_MS);
    try {
      await events(
        'GET',
        '/overview/events',
        (name, data) => {
          clearTimeout(watch);
          watch = setTimeout(() => silent.abort(), SILENT_MS);
          pauseMs = RETRY_MS;
          if (name === 'history') seen.history = data as History;
          if (name !== 'overview') return;
          take(seen, data as Overview);
          changed();
        },
        AbortSignal.any([signal, silent.signal]),
      );
      seen.trouble = new Error('the admin app ended the stream');
    } catch (error) {
      seen.trouble = error as Error;
    } finally {
      clearTimeout(watch);
    }
    if (signal.aborted) return;
    changed();
    // Without a token, or with a wrong one, asking again helps nobody.
    if (seen.trouble instanceof ApiError && seen.trouble.status === 401) return;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(RETRY_MS_MAX, 2 * pauseMs);
  }
}

function take(seen: Seen, overview: Overview): void {
  seen.overview = overview;
  seen.cameMs = performance.now();
  seen.trouble = null;
  if (overview.topology === null || seen.history.atMs.at(-1) === overview.atMs) return;
  const { atMs, nodes } = seen.history;
  atMs.push(overview.atMs);
  const told = new Map(overview.topology.nodes.map((node) => [node.id, node]));
  for (const { id, role } of told.values()) if (role !== 'replication') nodes[id] ??= emptyFigures(atMs.length - 1);
  for (const [id, figures] of Object.entries(nodes)) {
    const node = told.get(id);
    const values: Record<Figure, number | null> = {
      lagRecords: node?.lag.records ?? null,
      lagBytes: node?.lag.bytes ?? null,
      lagMs: node?.lag.ms ?? null,
      opsPerSecond: node?.figures?.opsPerSecond ?? null,
      appendMs: node?.figures?.appendMs ?? null,
      memoryBytes: node?.figures?.memoryBytes ?? null,
    };
    for (const figure of FIGURES) {
      figures[figure].push(values[figure]);
      if (atMs.length > KEPT) figures[figure].shift();
    }
    if (figures.lagRecords.every((value) => value === null)) delete nodes[id];
  }
  if (atMs.length > KEPT) atMs.shift();
}

function emptyFigures(length: number): Record<Figure, (number | null)[]> {
  const figures = {} as Record<Figure, (number | null)[]>;
  for (const figure of FIGURES) figures[figure] = Array.from({ length }, () => null);
  return figures;
}
