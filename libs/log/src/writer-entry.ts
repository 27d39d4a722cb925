import { messageChecksumHi, messageChecksumLo } from './record.ts';
import type { AppendResult, CommitCallback } from './types.ts';

/** A message on its way into the log: a record, or a fragment of one. */
export class WriterEntry {
  readonly message: Uint8Array;
  /** Where it belongs. Moves when void messages got in between. */
  seq: number;
  /** Of the record, on its last message; -1 on others. */
  readonly endOffset: number;
  readonly callback: CommitCallback | null;
  inFlight = false;
  result: AppendResult | null = null;
  /** Bumped by each send, so that an answer to an earlier one is not taken for the last one's. */
  tries = 0;
  /** When it was sent first: whichever try was stored, it was not before that. */
  sentMs = 0;

  readonly checksumHi: number;
  readonly checksumLo: number;
  /** It is the leadership record. */
  leads = false;

  constructor(message: Uint8Array, seq: number, endOffset: number, callback: CommitCallback | null) {
    this.message = message;
    this.checksumHi = messageChecksumHi(message);
    this.checksumLo = messageChecksumLo(message);
    this.seq = seq;
    this.endOffset = endOffset;
    this.callback = callback;
  }
}
