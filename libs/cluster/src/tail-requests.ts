/**
 * What a member remembers of the log's end, asked for by a master whose log has lost it: which messages there are, then one after the other.
 *
 * The question is JSON, `{"seq": n, "to": "<id of the question>"}`; the answer goes to a subject that ends with that id. For sequence 0 it is
 * `{"first": n, "last": m}`, for any other the message, or nothing when it is not there.
 */

import { LogError } from '@weir/log';
import type { NatsHandle, TailSource } from '@weir/log';
import type { Time } from '@weir/time';
import { tailSubject, toldSubject } from './topics.ts';

const ASK_MS = 5000;
const QUESTION_BYTES_MAX = 256;

export function serveTail(
  nats: NatsHandle,
  cluster: string,
  logId: string,
  memberId: string,
  source: TailSource,
): () => void {
  return nats.subscribe(tailSubject(cluster, logId, memberId), (data) => {
    const question = parseQuestion(data);
    if (question === null) return;
    const subject = toldSubject(cluster, logId, question.to);
    if (question.seq === 0) {
      const { firstSeq, lastSeq } = source;
      nats.publish(subject, Buffer.from(JSON.stringify({ first: firstSeq, last: lastSeq })));
      return;
    }
    void Promise.resolve(source.message(question.seq))
      .then((message) => nats.publish(subject, message ?? new Uint8Array(0)))
      .catch(() => {}); // a connection that closes, a message above a smaller limit: the question is not answered
  });
}

function parseQuestion(data: Uint8Array): { seq: number; to: string } | null {
  if (data.length > QUESTION_BYTES_MAX) return null;
  try {
    const { seq, to } = JSON.parse(Buffer.from(data).toString()) as { seq?: unknown; to?: unknown };
    if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 0) return null;
    return typeof to === 'string' && /^[0-9a-f]{1,32}$/.test(to) ? { seq, to } : null;
  } catch {
    return null;
  }
}

/** Asks that member what it has. Throws LogError 'log-unavailable' when it does not answer; so does the source's `message`. */
export async function memberTail(
  nats: NatsHandle,
  cluster: string,
  logId: string,
  member: { readonly id: string; readonly ip: string; readonly port: number },
  time: Pick<Time, 'after' | 'randomBytes'>,
): Promise<TailSource> {
  const where = `${member.ip}:${member.port}`;
  const ask = (seq: number): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      const to = Buffer.from(time.randomBytes(12)).toString('hex');
      const stop = nats.subscribe(toldSubject(cluster, logId, to), (data) => {
        end();
        resolve(data.slice());
      });
      const timer = time.after(ASK_MS, () => {
        end();
        reject(new LogError('log-unavailable', `${where} does not tell what it remembers of the log`));
      });
      const end = (): void => {
        timer.cancel();
        stop();
      };
      nats.publish(tailSubject(cluster, logId, member.id), Buffer.from(JSON.stringify({ seq, to })));
    });
  const { first, last } = JSON.parse(Buffer.from(await ask(0)).toString()) as { first: unknown; last: unknown };
  if (typeof first !== 'number' || typeof last !== 'number') throw new Error('a member told of its tail in no numbers');
  return {
    name: `the memory of ${where}`,
    firstSeq: first,
    lastSeq: last,
    async message(seq) {
      if (seq < first || seq > last) return null;
      const message = await ask(seq);
      return message.length === 0 ? null : message;
    },
  };
}
