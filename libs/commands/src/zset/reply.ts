import { writeInt64 } from '@weir/keyspace';
import type { ReplyWriter } from '@weir/resp';

const digits = new Uint8Array(20);

/** Replies a score. Most are small integers, which need no string on the way. */
export function replyScore(reply: ReplyWriter, score: number): void {
  const small = score | 0;
  if (small !== score || reply.resp === 3 || (small === 0 && 1 / score < 0)) reply.double(score);
  else reply.bulk(digits, 0, writeInt64(digits, 0, small, small >> 31));
}
