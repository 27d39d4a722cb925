export { machineBytes } from './machine.ts';
export { runProgram } from './program.ts';
export type { Program, Running } from './program.ts';
