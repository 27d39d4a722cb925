/** Benchmarks that are not a rate under redis-benchmark. */

import type { Figure } from './report.ts';
import type { Workshop } from './servers.ts';
import { engineBench, engineTypesBench } from './engine-time.ts';
import { memoryBench } from './memory.ts';
import { applyBench, snapshotBench } from './replica.ts';
import { reloadBench } from './reload.ts';
import { smallBench } from './small.ts';
import { syncBench } from './sync.ts';
import { waitingBench } from './waiting.ts';

export interface BenchContext {
  readonly workshop: Workshop;
  /** Small amounts: shows that it works. */
  readonly quick: boolean;
  /** Where processes leave profiles. */
  readonly profileDir?: string;
  readonly progress: (text: string) => void;
}

export interface FigureBench {
  readonly name: string;
  run(context: BenchContext): Promise<Figure[]>;
}

/** Of strings, and of what all types have in common. */
export const stringsBenches: readonly FigureBench[] = [engineBench, memoryBench, applyBench, snapshotBench, syncBench];

export const typesBenches: readonly FigureBench[] = [engineTypesBench, smallBench, reloadBench, waitingBench];
