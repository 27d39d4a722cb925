export { realTime, wallClockMs } from './real-time.ts';
export { sleepOn } from './sleep.ts';
export type { Time, Timer } from './types.ts';
