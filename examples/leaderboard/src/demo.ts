/**
 * Two seasons of a game, played by eight people in a second or, with `seconds`, for longer, so that there is time to kill a
 * node. The scores come from a seed: the tables are the same every time.
 */

import type { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { Leaderboard } from './leaderboard.ts';
import type { Standing } from './leaderboard.ts';

const PLAYERS = ['ada', 'barbara', 'dennis', 'donald', 'edsger', 'grace', 'ken', 'margaret'];
const GAMES = 400;
/** How long the small season's keys outlive it here; a real one is kept for weeks. */
const KEEP_MS = 1500;
const DAY_MS = 86_400_000;

export interface DemoOptions {
  readonly master: Redis;
  readonly slave: Redis;
  readonly print: (line: string) => void;
  /** At least so long; 0 plays as fast as it goes. */
  readonly seconds: number;
}

export async function runDemo({ master, slave, print, seconds }: DemoOptions): Promise<void> {
  print(`master says it is a ${await roleOf(master)}, slave says it is a ${await roleOf(slave)}`);
  const board = new Leaderboard({ master, slave, prefix: 'demo' });
  for (const { name } of await board.seasons()) await board.removeSeason(name);

  const now = Date.now();
  await board.putSeason('winter', now - 90 * DAY_MS, now + 1 * DAY_MS);
  await board.putSeason('spring', now - 1 * DAY_MS, now + 90 * DAY_MS);

  print(`\n${PLAYERS.length} players, ${GAMES} games …`);
  const random = lcg(2026);
  const skill = PLAYERS.map(() => 400 + random(600));
  const began = performance.now();
  let improved = 0;
  let repeated = 0;
  for (let game = 0; game < GAMES; game++) {
    const season = game < GAMES / 4 ? 'winter' : 'spring';
    const player = random(PLAYERS.length);
    const score = 10 * Math.round((skill[player]! * (40 + random(100))) / 100);
    for (;;) {
      try {
        if ((await board.submit(season, PLAYERS[player]!, score)).improved) improved++;
        break;
      } catch (error) {
        // Not known whether it was done. Done twice it is the same.
        repeated++;
        print(`  game ${game}: ${(error as Error).message}; sending it again`);
        await sleep(500);
      }
    }
    const dueMs = (seconds * 1000 * (game + 1)) / GAMES;
    await sleep(Math.max(0, began + dueMs - performance.now()));
  }
  print(
    `${GAMES} scores acknowledged, ${improved} of them a player's new best${repeated > 0 ? `, ${repeated} sent again` : ''}`,
  );

  // The last submission waits for the slave, so everything below is what the slave has.
  const last = await board.submit('spring', 'grace', 8000, { waitForSlaveMs: 10_000 });
  print(
    `grace plays 8000: the best stays ${last.best}, rank ${last.rank} of ${last.players}; slaves that have it: ${last.slaves}\n`,
  );
  printTable(print, 'spring, top 5', await board.top('spring', 5));
  printTable(print, 'spring, around edsger', await board.around('spring', 'edsger', 1));
  print('grace in every season');
  for (const { season, standing, players } of await board.history('grace')) {
    print(`  ${season.padEnd(10)} ${String(standing.score).padStart(6)}   rank ${standing.rank} of ${players}`);
  }
  print('\nspring, newest improvements');
  for (const { player, score } of await board.feed('spring', 3))
    print(`  ${player.padEnd(10)} ${String(score).padStart(6)}`);

  await showLag(board, slave, print);
  await showExpiry(master, slave, print);
}

async function showLag(board: Leaderboard, slave: Redis, print: (line: string) => void): Promise<void> {
  const score = 100_000;
  await board.submit('winter', 'newcomer', score);
  const acknowledged = performance.now();
  let reads = 1;
  while ((await slave.zscore('demo:{winter}:scores', 'newcomer')) !== String(score)) {
    reads++;
    if (performance.now() - acknowledged > 30_000)
      throw new Error('the slave did not get the score within 30 s; is it a slave of this master?');
  }
  const ms = (performance.now() - acknowledged).toFixed(1);
  print(`\na score without waiting: the slave showed it at read ${reads}, ${ms} ms after the master's answer`);
}

async function showExpiry(master: Redis, slave: Redis, print: (line: string) => void): Promise<void> {
  const board = new Leaderboard({ master, slave, prefix: 'demo', keepMs: KEEP_MS });
  const now = Date.now();
  await board.putSeason('flash', now, now + DAY_MS);
  await board.submit('flash', 'ken', 1, { waitForSlaveMs: 10_000 });
  const count = async (): Promise<string> =>
    `${await board.keysOf('flash', master)} on the master, ${await board.keysOf('flash', slave)} on the slave`;
  print(`\nkeys of the season "flash": ${await count()}`);
  // Its end is another: all of its keys go at another time.
  const { expiresAt } = await board.putSeason('flash', now, Date.now() + 500);
  await sleep(expiresAt - Date.now() + 50);
  print(`after its expiry:           ${await count()}`);
  print(`seasons: ${(await board.seasons()).map(({ name }) => name).join(', ')}`);
}

function printTable(print: (line: string) => void, title: string, standings: readonly Standing[]): void {
  print(title);
  for (const { rank, player, score } of standings) {
    print(`${String(rank).padStart(4)}. ${player.padEnd(10)} ${String(score).padStart(6)}`);
  }
  print('');
}

async function roleOf(redis: Redis): Promise<string> {
  return String(((await redis.call('ROLE')) as unknown[])[0]);
}

/** The same numbers every time. */
function lcg(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
