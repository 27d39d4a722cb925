import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Msg } from 'nats';
import type { NatsLink } from './connect.ts';
import { LogError } from './errors.ts';
import { PullConsumer } from './pull.ts';
import { until } from './until.testing.ts';

/** A broker with one stream, as far as a pull consumer asks: it can stop to answer, and its consumers outlive that. */
function broker() {
  const state = { first_seq: 1, last_seq: 0, messages: 0, bytes: 0 };
  const inboxes: { subject: string; callback: (error: null, msg: Msg) => void }[] = [];
  const all = {
    away: false,
    push(seq: number, last: number): void {
      state.last_seq = last;
      const subject = inboxes[0]!.subject.replace('*', '1');
      const reply = Buffer.from(`$JS.ACK.S.C.1.${seq}.${seq}.0.${last - seq}`);
      const msg = { data: new Uint8Array(1), subject, _msg: { subject: Buffer.from(subject), reply, size: 1 } };
      inboxes[0]!.callback(null, msg as unknown as Msg);
    },
    link: {
      status: 'connected',
      maxPayload: 1_000_000,
      onStatus: () => () => {},
      inbox: () => `_INBOX.${inboxes.length}`,
      publish: () => {},
      nc: {
        subscribe: (subject: string, { callback }: { callback: (error: null, msg: Msg) => void }) => {
          const entry = { subject, callback };
          inboxes.push(entry);
          return { unsubscribe: () => void inboxes.splice(inboxes.indexOf(entry), 1) };
        },
      },
      api: async () => {
        if (all.away) throw new LogError('log-unavailable', 'no answer');
        return { state };
      },
    } as unknown as NatsLink,
    get consuming() {
      return inboxes.length > 0;
    },
  };
  return all;
}

test('a consumer that was given up as disconnected follows again with the first message that it handles', async () => {
  const there = broker();
  const applied: number[] = [];
  const pull = new PullConsumer(there.link, { stream: 'S', from: 1, handler: (seq) => void applied.push(seq) });
  try {
    await until('it consumes', async () => there.consuming);
    there.push(1, 1);
    assert.equal(pull.state, 'live');
    there.away = true;
    await until('the silence is noticed', async () => pull.state === 'disconnected');
    // The consumer outlived it; nobody answers questions yet.
    there.push(2, 4);
    assert.equal(pull.state, 'catching-up');
    there.push(3, 4);
    there.push(4, 4);
    assert.equal(pull.state, 'live');
    assert.deepEqual(applied, [1, 2, 3, 4]);
    await until('a link that is silent for good is down again', async () => pull.state === 'disconnected');
  } finally {
    pull.stop();
  }
});
