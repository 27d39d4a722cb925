import type { Figure } from './report.ts';
import type { Workshop } from './servers.ts';
import { memoryBench } from './memory.ts';

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

export const figureBenches: readonly FigureBench[] = [memoryBench];
