import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareDigests } from './routes/digests.ts';
import { parseTokens } from './tokens.ts';
import { withBench } from './testing.ts';

const one = (id: string, seq: number, digest: string) => ({ id, seq, digest });

test('digests are compared where engines answer at the same sequence only', () => {
  assert.deepEqual(compareDigests([one('a', 5, 'x'), one('b', 5, 'x'), one('c', 4, 'y')]), {
    compared: 2,
    finding: '',
  });
  assert.deepEqual(compareDigests([one('a', 5, 'x'), one('b', 6, 'y')]), { compared: 0, finding: '' });
  assert.deepEqual(compareDigests([one('a', 5, 'x'), one('b', 6, 'z'), one('c', 6, 'y')]), {
    compared: 2,
    finding: 'at record 6 the data sets differ: b z, c y',
  });
});

test('engines whose digests differ raise an alert, until they are found equal', () =>
  withBench(
    async ({ app, nodes, report }) => {
      const headers = { authorization: 'Bearer operate-0123456789' };
      await report({ id: 'm', role: 'master' });
      await report({ id: 's', role: 'slave', port: 2 });
      const compare = async (ofSlave: string) => {
        nodes.answers.set('m WEIR DIGEST', [7, 100, 'abcdef0123']);
        nodes.answers.set('s WEIR DIGEST', [7, 100, ofSlave]);
        const reply = await app.inject({ method: 'POST', url: '/api/v1/digests', headers });
        assert.equal(reply.statusCode, 200, reply.body);
        const { alerts } = (await app.inject({ url: '/api/v1/alerts', headers })).json();
        return [reply.json().finding, alerts.map(({ code }: { code: string }) => code).includes('digest-differs')];
      };
      const finding = 'at record 7 the data sets differ: m abcdef01, s 99999999';
      assert.deepEqual(await compare('9999999999'), [finding, true]);
      assert.deepEqual(await compare('abcdef0123'), ['', false]);
    },
    { tokens: () => parseTokens('operate operate-0123456789 me') },
  ));
