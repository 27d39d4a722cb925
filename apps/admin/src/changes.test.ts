import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStart, parseEventId, streamChanges } from './changes.ts';
import type { Resume } from './changes.ts';
import { EventStream } from './sse.ts';
import { withBench } from './testing.ts';
import type { Bench } from './testing.ts';

const LIMITS = { valueBytesMax: 1000, argsMax: 1000 };

interface Told {
  readonly id: string;
  readonly event: string;
  readonly data: {
    readonly seq: number;
    readonly command: string;
    readonly db: number;
    readonly args: { text: string }[];
  };
}

const LOG_ID = 'abcdefgh12345';
const NEVER = new AbortController().signal;
const of = (log: Bench['log']) => ({ log, logId: LOG_ID, closed: NEVER });

/** Events until there are `count`, or the stream has ended. */
async function events(
  log: Bench['log'],
  resume: Resume | null,
  count: number,
  during?: () => Promise<void>,
): Promise<Told[]> {
  const stream = new EventStream();
  const done = streamChanges(of(log), resume, LIMITS, stream);
  const told: Told[] = [];
  let text = '';
  void during?.();
  for await (const chunk of stream.readable) {
    text += String(chunk);
    for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
      const fields = Object.fromEntries(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => line.split(/: (.*)/s)),
      );
      if (fields['id'] !== undefined) fields['id'] = fields['id'].replace(/^abcdefgh:/, '');
      if (fields['data'] !== undefined) told.push({ ...fields, data: JSON.parse(fields['data']) } as Told);
    }
    if (told.length >= count) stream.end();
  }
  await done;
  return told.slice(0, count);
}

const texts = (told: readonly Told[]): string[] =>
  told.map(({ id, event, data }) =>
    event === 'change' ? `${id} ${data.command} ${data.args.map(({ text }) => text).join(' ')}` : `${id} ${event}`,
  );

test('changes are told one by one from a sequence, with ids behind which a client goes on', () =>
  withBench(async ({ log, feeder }) => {
    feeder.call('SET', 'a', '1');
    feeder.call('SET', 'b', '2');
    await feeder.flush();
    feeder.call('DEL', 'a');
    await feeder.flush();
    const all = ['1:0 leader', '2:0 SET a 1', '2:1 SET b 2', '3:0 DEL a'];
    assert.deepEqual(texts(await events(log, { seq: 1, index: -1 }, 4)), all);
    for (const [i, one] of all.entries()) {
      const resume = parseEventId(`abcdefgh:${one.split(' ')[0]}`, LOG_ID);
      if (i < 3) assert.deepEqual(texts(await events(log, resume, 3 - i)), all.slice(i + 1), one);
    }
  }));

test('without a place to begin only what comes from now on is told', () =>
  withBench(async ({ log, feeder }) => {
    feeder.call('SET', 'old', '1');
    await feeder.flush();
    const told = await events(log, null, 1, async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      feeder.call('SET', 'new', '1');
      await feeder.flush();
    });
    assert.deepEqual(texts(told), ['3:0 SET new 1']);
  }));

test('a record in several messages is told whole, wherever in it reading begins', () =>
  withBench(
    async ({ log, feeder }) => {
      const value = 'v'.repeat(900);
      feeder.call('SET', 'big', value);
      feeder.call('SET', 'small', '1');
      await feeder.flush();
      const { lastSeq } = await log.state();
      assert.ok(lastSeq > 4, 'fragments');
      for (let seq = 2; seq <= lastSeq; seq++) {
        const told = await events(log, { seq, index: -1 }, 2);
        assert.deepEqual(texts(told), [`${lastSeq}:0 SET big ${value}`, `${lastSeq}:1 SET small 1`], String(seq));
      }
    },
    { maxMessageBytes: 400 },
  ));

test('what a replaced master still stored is not told, wherever reading begins', () =>
  withBench(async ({ log, feeder }) => {
    feeder.call('SET', 'a', '1');
    await feeder.flush();
    const late = (await log.read(2))!;
    await feeder.leadAgain();
    // An append of the first leader that expected what happens to be the end now.
    assert.equal((await log.append(late, 3)).kind, 'stored');
    await feeder.leadAgain();
    feeder.call('SET', 'b', '2');
    await feeder.flush();
    assert.equal((await log.state()).lastSeq, 6);
    const all = ['1:0 leader', '2:0 SET a 1', '3:0 leader', '5:0 leader', '6:0 SET b 2'];
    for (let seq = 1; seq <= 6; seq++) {
      const from = all.filter((one) => Number(one.split(':')[0]) >= seq);
      assert.deepEqual(texts(await events(log, { seq, index: -1 }, from.length)), from, String(seq));
    }
  }));

test('a start that was trimmed or that is not there yet is refused, with the range there is', () =>
  withBench(async ({ log, feeder }) => {
    for (let i = 0; i < 40; i++) {
      feeder.call('SET', `k${i}`, '1');
      await feeder.flush();
    }
    await log.purgeTo(10);
    const { firstSeq, lastSeq } = await log.state();
    await assert.rejects(checkStart(log, firstSeq - 1), { code: 'log-trimmed', more: { firstSeq, lastSeq } });
    await assert.rejects(checkStart(log, lastSeq + 2), { code: 'log-ahead', more: { firstSeq, lastSeq } });
    await checkStart(log, firstSeq);
    await checkStart(log, lastSeq + 1);
    assert.equal((await events(log, { seq: firstSeq, index: -1 }, 5)).length, 5);
  }));

test('damage in the log ends the stream with a problem', () =>
  withBench(async ({ log, feeder }) => {
    for (const key of ['a', 'b', 'c']) {
      feeder.call('SET', key, '1');
      await feeder.flush();
    }
    log.corrupt(3, 100);
    const told = await events(log, { seq: 1, index: -1 }, 9);
    assert.deepEqual(texts(told), ['1:0 leader', '2:0 SET a 1', 'undefined problem']);
    assert.equal((told[2]!.data as unknown as { code: string }).code, 'log-damaged');
  }));

test('a client that reads nothing holds the log back: little waits for it, and reading goes on when it does', () =>
  withBench(async ({ log, feeder }) => {
    const value = 'v'.repeat(1000);
    for (let i = 0; i < 3000; i++) feeder.call('SET', `k${i}`, value);
    await feeder.flush(1024);
    const stream = new EventStream();
    const done = streamChanges(of(log), { seq: 1, index: -1 }, { valueBytesMax: 1000, argsMax: 9 }, stream);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const waiting =
      stream.readable.readableLength + (stream.readable as unknown as { writableLength: number }).writableLength;
    assert.ok(waiting > 100_000 && waiting < 1_000_000, `${waiting} bytes wait`);
    let bytes = 0;
    for await (const chunk of stream.readable) {
      bytes += (chunk as Buffer).length;
      if (bytes > 3_000_000) stream.end();
    }
    await done;
  }));

test('an id of another log, or of none, is refused: the same sequence means something else there', () => {
  assert.deepEqual(parseEventId('abcdefgh:7:2', LOG_ID), { seq: 7, index: 2 });
  assert.throws(() => parseEventId('abcdefgX:7:2', LOG_ID), { code: 'log-changed', more: { logId: LOG_ID } });
  for (const text of ['7:2', '7', 'abcdefgh:7', 'abcdefgh:-1:0', 'abcdefgh:7:2 ', `abcdefgh:${'9'.repeat(16)}:0`]) {
    assert.throws(() => parseEventId(text, LOG_ID), { code: 'bad-request' }, text);
  }
});

test('a stream of a log that is not looked at any more ends with a problem, it does not fall silent', () =>
  withBench(async ({ log, feeder }) => {
    feeder.call('SET', 'a', '1');
    await feeder.flush();
    const end = new AbortController();
    const stream = new EventStream();
    const done = streamChanges({ ...of(log), closed: end.signal }, { seq: 1, index: -1 }, LIMITS, stream);
    let text = '';
    for await (const chunk of stream.readable) {
      text += String(chunk);
      if (text.includes('"SET"')) end.abort();
    }
    await done;
    assert.match(text, /event: problem\ndata: .*"code":"log-changed"/);
  }));
