/* The end of a file that another process writes: what nats-server says of itself stands in its log only. */

import { closeSync, openSync, readSync, statSync } from 'node:fs';

/** 0 while there is none. */
export function fileSize(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** As much of it as there is, up to `bytes`; '' when it cannot be read. */
export function readEnd(file: string, bytes: number): string {
  try {
    const size = fileSize(file);
    const buffer = Buffer.alloc(Math.min(size, bytes));
    const fd = openSync(file, 'r');
    readSync(fd, buffer, 0, buffer.length, size - buffer.length);
    closeSync(fd);
    return buffer.toString('utf8');
  } catch {
    return '';
  }
}
