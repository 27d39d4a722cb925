import type { Figure } from './report.ts';
import type { Workshop } from './servers.ts';
import { engineBench } from './engine-time.ts';
import { memoryBench } from './memory.ts';
import { applyBench, snapshotBench } from './replica.ts';
import { syncBench } from './sync.ts';

/** Benchmarks that are not a rate under redis-benchmark. */

export interface BenchContext {
  readonly workshop: Workshop;
  /** Small amounts: shows that it works. */
  readonly quick: boolean;
  readonly progress: (text: string) => void;
}

export interface FigureBench {
  readonly name: string;
  run(context: BenchContext): Promise<Figure[]>;
}

export const figureBenches: readonly FigureBench[] = [engineBench, memoryBench, applyBench, snapshotBench, syncBench];
