import type { NatsHandle, TailSource } from '@weir/log';
import { tailSubject } from './topics.ts';

/**
 * What a member remembers of the log's end, asked for by a master whose log has lost it: which messages there are, then one after the other.
 * The question is a sequence in JSON; the answer to 0 is `{"first": n, "last": m}`, to any other the message, or nothing when it is not there.
 */

const ASK_MS = 5000;

export function serveTail(
  nats: NatsHandle,
  cluster: string,
  logId: string,
  memberId: string,
  source: TailSource,
): () => void {
  return nats.subscribe(tailSubject(cluster, logId, memberId), (data, replyTo) => {
    if (replyTo === undefined || data.length > 32) return;
    const seq = Number(Buffer.from(data).toString());
    if (!Number.isSafeInteger(seq) || seq < 0) return;
    if (seq === 0) {
      const { firstSeq, lastSeq } = source;
      nats.publish(replyTo, Buffer.from(JSON.stringify({ first: firstSeq, last: lastSeq })));
      return;
    }
    void Promise.resolve(source.message(seq)).then((message) => nats.publish(replyTo, message ?? new Uint8Array(0)));
  });
}

/** Asks that member what it has. Throws LogError 'log-unavailable' when it does not answer; so does the source's `message`. */
export async function memberTail(
  nats: NatsHandle,
  cluster: string,
  logId: string,
  member: { readonly id: string; readonly ip: string; readonly port: number },
): Promise<TailSource> {
  const subject = tailSubject(cluster, logId, member.id);
  const ask = (seq: number): Promise<Uint8Array> => nats.request(subject, Buffer.from(String(seq)), ASK_MS);
  const { first, last } = JSON.parse(Buffer.from(await ask(0)).toString()) as { first: unknown; last: unknown };
  if (typeof first !== 'number' || typeof last !== 'number') throw new Error('a member told of its tail in no numbers');
  return {
    name: `the memory of ${member.ip}:${member.port}`,
    firstSeq: first,
    lastSeq: last,
    async message(seq) {
      if (seq < first || seq > last) return null;
      const message = await ask(seq);
      return message.length === 0 ? null : message;
    },
  };
}
