export { Request } from './request.ts';
export { ERROR, FRAME, FrameScanner, MORE, defaultScanLimits } from './scanner.ts';
export type { ScanLimits } from './scanner.ts';
export { ReplyWriter } from './writer.ts';
export type { AggregateKind } from './writer.ts';
export { CommandWriter } from './command-writer.ts';
export { formatDouble } from './double.ts';
