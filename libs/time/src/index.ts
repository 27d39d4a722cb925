export { realTime, wallClockMs } from './real-time.ts';
export { sleepOn } from './sleep.ts';
export { Retry } from './retry.ts';
export type { RetryOptions } from './retry.ts';
export type { Time, Timer } from './types.ts';
