// Against a master and a slave as `npm start` runs them.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { sameDigest, until, withRig } from '@weir/testkit';
import type { Rig, WeirNode } from '@weir/testkit';
import { connectMaster, connectSlave } from './connect.ts';
import { leaderboardServer } from './http.ts';
import { Leaderboard, Refused } from './leaderboard.ts';
import type { LeaderboardOptions, Submission } from './leaderboard.ts';

const HOUR_MS = 3_600_000;
const WAIT = { waitForSlaveMs: 20_000 };

interface Nodes {
  readonly master: WeirNode;
  readonly slave: WeirNode;
}

async function startNodes(rig: Rig): Promise<Nodes> {
  const master = await rig.started('master');
  const slave = await rig.started('slave', { slaveOf: master });
  return { master, slave };
}

async function boardOf(rig: Rig, nodes: Nodes, options: Partial<LeaderboardOptions> = {}): Promise<Leaderboard> {
  const master = connectMaster({ host: '127.0.0.1', port: nodes.master.port });
  const slave = connectSlave({ host: '127.0.0.1', port: nodes.slave.port });
  rig.onEnd(() => {
    master.disconnect();
    slave.disconnect();
  });
  await until('the clients to be connected', () => master.status === 'ready' && slave.status === 'ready');
  return new Leaderboard({ master, slave, ...options });
}

/** A season that is open. */
async function open(board: Leaderboard, name: string): Promise<void> {
  await board.putSeason(name, Date.now() - HOUR_MS, Date.now() + HOUR_MS);
}

withRig('the best score counts, equal ones share a rank, and the slave tells the same', async (rig) => {
  const nodes = await startNodes(rig);
  const board = await boardOf(rig, nodes);
  await open(board, 'spring');
  const first = await board.submit('spring', 'ada', 50);
  assert.deepEqual(first, { player: 'ada', best: 50, improved: true, rank: 1, players: 1, slaves: null });
  await board.submit('spring', 'ken', 80.5);
  await board.submit('spring', 'dennis', 50);
  await board.submit('spring', 'grace', -3);
  const lower = await board.submit('spring', 'ken', 70);
  assert.deepEqual([lower.best, lower.improved, lower.rank], [80.5, false, 1]);
  const { slaves, players, rank } = await board.submit('spring', 'edsger', 50, WAIT);
  assert.deepEqual({ slaves, players, rank }, { slaves: 1, players: 5, rank: 2 });

  // From here on nothing may be answered by the master.
  await nodes.master.kill();
  const standing = (rank: number, player: string, score: number) => ({ rank, player, score });
  const all = [
    standing(1, 'ken', 80.5),
    standing(2, 'edsger', 50),
    standing(2, 'dennis', 50),
    standing(2, 'ada', 50),
    standing(5, 'grace', -3),
  ];
  assert.deepEqual(await board.top('spring'), all);
  assert.deepEqual(await board.top('spring', 2, 2), all.slice(2, 4));
  assert.deepEqual(await board.around('spring', 'ken', 1), all.slice(0, 2));
  assert.deepEqual(await board.around('spring', 'ada', 1), all.slice(2, 5));
  assert.deepEqual(await board.around('spring', 'nobody', 1), []);
  const feed = await board.feed('spring', 2);
  assert.deepEqual(
    feed.map(({ player, score }) => [player, score]),
    [
      ['edsger', 50],
      ['grace', -3],
    ],
  );
});

withRig('a season is open from its start to its end, and what does not fit is refused with the reason', async (rig) => {
  const nodes = await startNodes(rig);
  let now = 10_000_000_000_000;
  const board = await boardOf(rig, nodes, { now: () => now });
  await board.putSeason('s', now + 10, now + 20);
  const refused = (kind: Refused['kind']) => (error: unknown) => error instanceof Refused && error.kind === kind;
  await assert.rejects(board.submit('s', 'ada', 1), refused('closed-season'));
  now += 10;
  assert.equal((await board.submit('s', 'ada', 1)).improved, true);
  now += 10;
  await assert.rejects(board.submit('s', 'ada', 2), refused('closed-season'));
  await board.putSeason('s', now - 20, now + 10);
  assert.equal((await board.submit('s', 'ada', 3)).best, 3);
  await assert.rejects(board.submit('other', 'ada', 1), refused('unknown-season'));
  await assert.rejects(board.top('other'), refused('unknown-season'));
  await assert.rejects(board.submit('s', 'a b', 1), refused('bad-request'));
  await assert.rejects(board.submit('s', 'ada', Number.NaN), refused('bad-request'));
  await assert.rejects(board.top('s', -1), refused('bad-request'));
  await assert.rejects(board.putSeason('s', 5, 5), refused('bad-request'));
});

withRig('all keys of a season expire at one instant, on both nodes, and the list forgets it', async (rig) => {
  const nodes = await startNodes(rig);
  const board = await boardOf(rig, nodes);
  await open(board, 'kept');
  await board.submit('kept', 'ada', 7, WAIT);
  const brief = await boardOf(rig, nodes, { keepMs: 1000 });
  const { expiresAt } = await brief.putSeason('brief', Date.now() - 1000, Date.now() + HOUR_MS);
  await brief.submit('brief', 'ada', 5, WAIT);
  const keys = ['season', 'scores', 'feed'].map((part) => `lb:{brief}:${part}`);
  for (const node of [nodes.master, nodes.slave]) {
    for (const key of keys) assert.equal(await node.call('PEXPIRETIME', key), expiresAt, `${node.name} ${key}`);
  }
  assert.deepEqual(
    (await board.history('ada')).map(({ season, standing, players }) => [
      season,
      standing.rank,
      standing.score,
      players,
    ]),
    [
      ['kept', 1, 7, 1],
      ['brief', 1, 5, 1],
    ],
  );
  // Another date moves all of them, also those that had one.
  const later = await brief.putSeason('brief', Date.now() - 1000, Date.now() + 4000);
  for (const key of keys) assert.equal(await nodes.master.call('PEXPIRETIME', key), later.expiresAt, key);
  await sleep(later.expiresAt - Date.now() + 20);
  for (const node of [nodes.master, nodes.slave]) assert.equal(await node.call('EXISTS', ...keys), 0, node.name);
  assert.deepEqual(
    (await board.seasons()).map(({ name }) => name),
    ['kept'],
  );
  assert.deepEqual(
    (await board.history('ada')).map(({ season }) => season),
    ['kept'],
  );
  await sameDigest([nodes.master, nodes.slave]);
});

withRig('while the slave is away reads come from the master, and from the slave when it is back', async (rig) => {
  const nodes = await startNodes(rig);
  const board = await boardOf(rig, nodes);
  await open(board, 'spring');
  await board.submit('spring', 'ada', 1, WAIT);
  await nodes.slave.kill();
  const { slaves } = await board.submit('spring', 'ada', 2, { waitForSlaveMs: 100 });
  assert.equal(slaves, 0);
  assert.equal((await board.top('spring'))[0]?.score, 2);
  await nodes.slave.start();
  await sameDigest([nodes.master, nodes.slave]);
  await nodes.master.kill();
  await until('the slave to be asked again', async () => (await board.top('spring'))[0]?.score === 2);
});

withRig('a master killed with -9 in the middle of a season loses no acknowledged score', async (rig) => {
  const nodes = await startNodes(rig);
  const board = await boardOf(rig, nodes);
  await open(board, 'spring');
  const acknowledged = new Map<string, number>();
  let stop = false;
  const players = ['ada', 'barbara', 'dennis', 'grace'].map(async (player) => {
    for (let score = 1; !stop; score++) {
      const done = await board.submit('spring', player, score).catch(() => null);
      if (done !== null) acknowledged.set(player, score);
    }
  });
  const progress = async (): Promise<void> => {
    const goal = [...acknowledged.values()].reduce((a, b) => a + b, 0) + 200;
    await until('scores to be acknowledged', () => [...acknowledged.values()].reduce((a, b) => a + b, 0) > goal);
  };
  await progress();
  await nodes.master.kill();
  await sleep(200);
  await nodes.master.start();
  await progress();
  stop = true;
  await Promise.all(players);
  await sameDigest([nodes.master, nodes.slave]);
  const scores = new Map((await board.top('spring')).map(({ player, score }) => [player, score]));
  for (const [player, score] of acknowledged) {
    assert.ok(scores.get(player)! >= score, `${player}: acknowledged ${score}, found ${scores.get(player)}`);
  }
});

withRig('the service speaks JSON over HTTP', async (rig) => {
  const nodes = await startNodes(rig);
  const server = leaderboardServer(await boardOf(rig, nodes)).listen(0, '127.0.0.1');
  rig.onEnd(() => void server.close());
  await once(server, 'listening');
  const ask = async (method: string, where: string, body?: unknown): Promise<[status: number, body: unknown]> => {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${where}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return [response.status, await response.json()];
  };
  const [status] = await ask('PUT', '/seasons/s1', { startsAt: '2020-01-01', endsAt: '2099-01-01' });
  assert.equal(status, 200);
  const submission = { player: 'ada lovelace', score: 1 };
  assert.equal((await ask('POST', '/seasons/s1/scores', submission))[0], 400);
  const score = { player: 'ada', score: 12, waitForSlaveMs: 1000 };
  const [, done] = await ask('POST', '/seasons/s1/scores', score);
  const { slaves, ...rest } = done as Submission;
  assert.deepEqual(rest, { player: 'ada', best: 12, improved: true, rank: 1, players: 1 });
  // It says so when the slave did not have it in time.
  if (slaves !== 1)
    await until('the slave to have it', async () => {
      const [, again] = await ask('POST', '/seasons/s1/scores', score);
      return (again as Submission).slaves === 1;
    });
  const standing = { rank: 1, player: 'ada', score: 12 };
  assert.deepEqual(await ask('GET', '/seasons/s1/top?count=3'), [200, [standing]]);
  assert.deepEqual(await ask('GET', '/seasons/s1/players/ada?neighbours=1'), [200, [standing]]);
  assert.deepEqual(await ask('GET', '/players/ada'), [200, [{ season: 's1', standing, players: 1 }]]);
  assert.equal((await ask('GET', '/seasons/none/top'))[0], 404);
  assert.equal((await ask('GET', '/seasons/s1/top?count=x'))[0], 400);
  assert.equal((await ask('DELETE', '/seasons/s1'))[0], 404);
});

withRig('the demo prints what its README shows', async (rig) => {
  const { master, slave } = await startNodes(rig);
  const main = path.join(import.meta.dirname, 'main.ts');
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    main,
    '--master',
    String(master.port),
    '--slave',
    String(slave.port),
  ]);
  const readme = readFileSync(path.join(import.meta.dirname, '../README.md'), 'utf8');
  const shown = /```text\n(.*?)```/s.exec(readme)![1]!;
  // How long the slave took is another time each time.
  const timeless = (text: string): string => text.replaceAll(/at read \d+, [\d.]+ ms/g, 'at read …, … ms');
  assert.equal(timeless(stdout), timeless(shown));
  assert.doesNotMatch(stderr, /lost/, 'the end is no loss of a connection');
});
