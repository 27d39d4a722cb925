import { Request } from './request.ts';

export const MORE = 0;
export const FRAME = 1;
export const ERROR = -1;

/** Shared by all scanners of a server; may change at run time. */
export interface ScanLimits {
  /** proto-max-bulk-len */
  bulkBytesMax: number;
  argsMax: number;
  inlineBytesMax: number;
  /** client-query-buffer-limit, here for the bytes of one whole frame. */
  queryBufferBytesMax: number;
}

export function defaultScanLimits(): ScanLimits {
  return { bulkBytesMax: 512 * 1024 * 1024, argsMax: 0x7fffffff, inlineBytesMax: 65536, queryBufferBytesMax: 1024 ** 3 };
}

export class FrameScanner {
  readonly request = new Request();
  limits: ScanLimits;
  /** While false, Redis's stricter limits hold. */
  authenticated = true;
  /** After ERROR: the text without "-ERR ", one character per byte. */
  errorText = '';
  /** After ERROR: close without a reply. */
  closeOnly = false;

  constructor(limits: ScanLimits = defaultScanLimits()) {
    this.limits = limits;
  }

  /** Bytes of an incomplete request that the scanner holds itself. */
  get pendingBytes(): number {
    return 0;
  }

  feed(_buf: Uint8Array, _start: number, _end: number): void {
    throw new Error('not written yet');
  }

  next(): number {
    throw new Error('not written yet');
  }

  reset(): void {}
}
