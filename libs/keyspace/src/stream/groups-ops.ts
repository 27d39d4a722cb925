import type { Arena } from '@weir/memory';

export function freeGroups(_arena: Arena, _at: number): void {}
export function copyGroups(_arena: Arena, _from: number, _to: number): void {}
export function bytesOfGroups(_arena: Arena, _at: number): number {
  return 0;
}
export function fingerprintGroups(_arena: Arena, _at: number, _lanes: Int32Array): void {}
export function verifyGroups(_arena: Arena, _at: number): void {}
