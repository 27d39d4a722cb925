import { cardinality } from './estimate.ts';
import {
  DENSE_BYTES,
  HEADER_BYTES,
  REGISTERS,
  denseRegister,
  locate,
  located,
  raiseDense,
  setDenseRegister,
} from './registers.ts';
import { Sketch } from './sketch.ts';

const CYCLES = 20;
const ELEMENTS = 1_000_000;

/** What PFSELFTEST finds wrong, or ''. Redis's tests, shorter, as the engine answers nobody meanwhile. */
export function selftest(bytesMax: number): string {
  const dense = new Uint8Array(DENSE_BYTES + 16);
  const bytes = new Uint8Array(REGISTERS);
  let random = 1;
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    for (let i = 0; i < REGISTERS; i++) {
      random = (Math.imul(random, 1664525) + 1013904223) | 0;
      bytes[i] = random >>> 26;
      setDenseRegister(dense, HEADER_BYTES, i, bytes[i]);
    }
    for (let i = 0; i < REGISTERS; i++) {
      const value = denseRegister(dense, HEADER_BYTES, i);
      if (value !== bytes[i]) return `Register ${i} should be ${bytes[i]} but is ${value}`;
    }
  }
  dense.fill(0);
  const sketch = new Sketch();
  sketch.clear();
  const element = new Uint8Array(8);
  const error = 1.04 / Math.sqrt(REGISTERS);
  let checkpoint = 1;
  for (let count = 1; count <= ELEMENTS; count++) {
    new DataView(element.buffer).setUint32(0, count, true);
    locate(element, 0, 8);
    raiseDense(dense, HEADER_BYTES, located.register, located.value);
    sketch.raise(located.register, located.value, bytesMax);
    if (count !== checkpoint) continue;
    if (count < bytesMax / 2 && sketch.dense) return 'sparse encoding not used';
    const estimate = cardinality(dense, 0, DENSE_BYTES);
    if (estimate !== cardinality(sketch.buf, 0, sketch.len)) return 'dense/sparse disagree';
    const off = Math.abs(count - estimate);
    if (off > (count === 10 ? 1 : Math.ceil(error * 6 * count))) return `Too big error. card:${count} abserr:${off}`;
    checkpoint *= 10;
  }
  return '';
}
