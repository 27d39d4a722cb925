/** The suite of all types: redis-benchmark's own tests, and commands on large collections. */

import { OWN_KEYS, OWN_VALUE_BYTES, ownCases } from './own-tests.ts';
import { LARGE, LARGE_QUICK, completeCollection, elementFigure, largeCollections, usedMemory } from './large.ts';
import type { LargeCollection } from './large.ts';
import type { Figure } from './report.ts';
import { preload } from './resp-client.ts';
import type { BenchServer, Workshop } from './servers.ts';
import { runCase } from './throughput.ts';
import type { ThroughputCase, ThroughputResult, ThroughputSettings } from './throughput.ts';

export interface TypesFound {
  readonly throughput: ThroughputResult[];
  readonly figures: Figure[];
  /** What could not be measured, and why. */
  readonly failures: string[];
}

export interface TypesSettings extends Omit<ThroughputSettings, 'keys'> {
  readonly quick: boolean;
}

export function typesCases(quick: boolean): readonly ThroughputCase[] {
  return [...ownCases, ...collectionsFor(quick).flatMap(({ cases }) => cases)];
}

function collectionsFor(quick: boolean): readonly LargeCollection[] {
  return largeCollections(quick ? LARGE_QUICK : LARGE);
}

export async function runTypes(
  workshop: Workshop,
  wanted: (name: string) => boolean,
  settings: TypesSettings,
): Promise<TypesFound> {
  const found: TypesFound = { throughput: [], figures: [], failures: [] };
  const own = ownCases.filter(({ name }) => wanted(name));
  if (own.length > 0) {
    await withServers(workshop, async (weir, redis) => {
      const keys = settings.quick ? OWN_KEYS / 10 : OWN_KEYS;
      for (const { port } of [redis, weir]) await preload(port, keys, OWN_VALUE_BYTES);
      await runCases(own, weir, redis, { ...settings, keys }, found);
    });
  }
  for (const collection of collectionsFor(settings.quick)) {
    if (collection.cases.some(({ name }) => wanted(name)))
      await runLarge(workshop, collection, wanted, settings, found);
  }
  return found;
}

/** The case that fills the collection always runs: the others need it. */
async function runLarge(
  workshop: Workshop,
  collection: LargeCollection,
  wanted: (name: string) => boolean,
  settings: TypesSettings,
  found: TypesFound,
): Promise<void> {
  const count = settings.quick ? LARGE_QUICK : LARGE;
  const all = { ...settings, keys: count };
  const [filling, ...reading] = collection.cases;
  await withServers(workshop, async (weir, redis) => {
    const before = { weir: await usedMemory(weir.port), redis: await usedMemory(redis.port) };
    const bytes = { weir: 0, redis: 0 };
    try {
      found.throughput.push(await runCase(filling!, weir, redis, all));
      bytes.weir = await completeCollection(collection, weir, before.weir, count, settings.quick);
      bytes.redis = await completeCollection(collection, redis, before.redis, count, settings.quick);
    } catch (error) {
      fail(found, collection.name, error, settings);
      return;
    }
    found.figures.push(elementFigure(collection, count, bytes.weir, bytes.redis));
    await runCases(
      reading.filter(({ name }) => wanted(name)),
      weir,
      redis,
      all,
      found,
    );
  });
}

async function runCases(
  cases: readonly ThroughputCase[],
  weir: BenchServer,
  redis: BenchServer,
  settings: ThroughputSettings,
  found: TypesFound,
): Promise<void> {
  for (const one of cases) {
    try {
      found.throughput.push(await runCase(one, weir, redis, settings));
    } catch (error) {
      fail(found, one.name, error, settings);
    }
  }
}

function fail(
  found: TypesFound,
  name: string,
  error: unknown,
  { progress }: { progress: (text: string) => void },
): void {
  const text = `${name}: ${(error as Error).message}`;
  progress(`FAILED ${text}`);
  found.failures.push(text);
}

async function withServers(
  workshop: Workshop,
  use: (weir: BenchServer, redis: BenchServer) => Promise<void>,
): Promise<void> {
  const redis = await workshop.redis('everysec');
  const weir = await workshop.weir('everysec');
  try {
    await use(weir, redis);
  } finally {
    await redis.stop();
    await weir.stop();
  }
}
