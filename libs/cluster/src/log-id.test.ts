import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterLogId } from './log-id.ts';

test('whoever waits for a NATS server that is away is told why, without the password', async () => {
  const abort = new AbortController();
  const reasons: string[] = [];
  await assert.rejects(
    clusterLogId({
      natsUrl: 'nats://somebody:secret@127.0.0.1:1',
      cluster: 'test',
      signal: abort.signal,
      onRetry: (reason) => {
        reasons.push(reason);
        abort.abort();
      },
    }),
  );
  assert.equal(reasons.length, 1);
  assert.match(reasons[0] ?? '', /127\.0\.0\.1:1/);
  assert.doesNotMatch(reasons[0] ?? '', /secret/);
});
