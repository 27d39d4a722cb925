/**
 * A game's score service: seasons, the best score of each player in each, ranks. Scores are written to the master;
 * everything that many people look at is read from a slave.
 *
 * Keys of a season (the braces keep them on one node of a cluster):
 *
 *   lb:{spring}:season   hash        when it starts, ends, and is forgotten
 *   lb:{spring}:scores   sorted set  player → best score
 *   lb:{spring}:feed     stream      the newest improvements, about a thousand
 *
 * and lb:seasons, a sorted set: season → when it is forgotten.
 *
 * **The best score counts, not the sum.** `ZADD … GT` may be sent twice without harm, `ZINCRBY` may not. A client whose
 * connection breaks before the answer does not know whether the write was done; with GT it simply sends it again (ioredis does so
 * by itself), so that no score is lost and none is counted twice, whatever was killed meanwhile.
 *
 * No step here needs a transaction: each leaves the keys in a state that is right, and the next submission completes what
 * a crash of this process left out (an expiry, say).
 */

import type { Redis } from 'ioredis';

export interface Season {
  readonly name: string;
  /** Milliseconds since 1970, as all times here. */
  readonly startsAt: number;
  readonly endsAt: number;
  /** All keys of the season vanish at this instant. */
  readonly expiresAt: number;
}

export interface Standing {
  /** From 1. Equal scores share a rank, and the next one skips: 1, 2, 2, 4. */
  readonly rank: number;
  readonly player: string;
  readonly score: number;
}

export interface Submission {
  readonly player: string;
  /** The player's best score of the season, this one or an older one. */
  readonly best: number;
  /** The submitted score is a new best one. */
  readonly improved: boolean;
  readonly rank: number;
  /** Players who have a score. */
  readonly players: number;
  /** Slaves that have this submission; null when it was not asked for. */
  readonly slaves: number | null;
}

export interface Improvement {
  readonly at: number;
  readonly player: string;
  readonly score: number;
}

export interface LeaderboardOptions {
  readonly master: Redis;
  /** Where reads go; the master takes over while it cannot be reached. */
  readonly slave: Redis;
  /** First part of all keys. */
  readonly prefix?: string;
  /** How long a season is kept after its end. */
  readonly keepMs?: number;
  readonly now?: () => number;
}

/** The request cannot be done as things are: no such season, or one that is not open. */
export class Refused extends Error {
  readonly kind: 'unknown-season' | 'closed-season' | 'bad-request';

  constructor(kind: Refused['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

const DAY_MS = 86_400_000;
const KEEP_MS = 30 * DAY_MS;
const FEED_LENGTH = 1000;
/** A change of a season's dates is seen by other processes within this time. */
const SEASON_CACHE_MS = 5000;
const PLAYER_LENGTH_MAX = 64;

export class Leaderboard {
  readonly #master: Redis;
  readonly #slave: Redis;
  readonly #prefix: string;
  readonly #keepMs: number;
  readonly #now: () => number;
  readonly #seasons = new Map<string, { season: Season; until: number }>();

  constructor({ master, slave, prefix = 'lb', keepMs = KEEP_MS, now = Date.now }: LeaderboardOptions) {
    this.#master = master;
    this.#slave = slave;
    this.#prefix = prefix;
    this.#keepMs = keepMs;
    this.#now = now;
  }

  /** Makes a season, or changes the dates of one that exists. */
  async putSeason(name: string, startsAt: number, endsAt: number): Promise<Season> {
    checkName(name, 'season');
    if (!Number.isSafeInteger(startsAt) || !Number.isSafeInteger(endsAt) || endsAt <= startsAt) {
      throw new Refused('bad-request', 'a season starts and ends at whole milliseconds, and ends after its start');
    }
    const season: Season = { name, startsAt, endsAt, expiresAt: endsAt + this.#keepMs };
    const [info, scores, feed] = this.#keys(name);
    const pipeline = this.#master
      .pipeline()
      .hset(info, { startsAt, endsAt, expiresAt: season.expiresAt })
      .zadd(this.#list, season.expiresAt, name);
    // An instant, not a time from now: all three end together, on the master and on every slave. (0 from a key that is not there yet.)
    for (const key of [info, scores, feed]) pipeline.pexpireat(key, season.expiresAt);
    // Seasons that are gone leave the list when a new one comes.
    pipeline.zremrangebyscore(this.#list, '-inf', this.#now());
    results(await pipeline.exec());
    this.#seasons.delete(name);
    return season;
  }

  /** Forgets a season at once. */
  async removeSeason(name: string): Promise<void> {
    results(
      await this.#master
        .pipeline()
        .zrem(this.#list, name)
        .unlink(...this.#keys(name))
        .exec(),
    );
    this.#seasons.delete(name);
  }

  /** All that are not forgotten yet, the one that ends last first. */
  seasons(): Promise<Season[]> {
    return this.#read(async (redis) => {
      const names = await redis.zrange(this.#list, '+inf', `(${this.#now()}`, 'BYSCORE', 'REV');
      if (names.length === 0) return [];
      const pipeline = redis.pipeline();
      for (const name of names) pipeline.hgetall(this.#keys(name)[0]);
      const hashes = results(await pipeline.exec()) as Record<string, string>[];
      return names.flatMap((name, i) => parseSeason(name, hashes[i]!) ?? []);
    });
  }

  /**
   * Takes a score. The answer comes from the master, so the player sees the own score and rank at once, whatever a slave
   * knows. `waitForSlaveMs` waits, so long at most, until a slave has it too, so that everybody's next read shows it.
   */
  async submit(name: string, player: string, score: number, { waitForSlaveMs = 0 } = {}): Promise<Submission> {
    checkName(player, 'player');
    if (!Number.isFinite(score)) throw new Refused('bad-request', 'a score is a number');
    const season = await this.season(name);
    const now = this.#now();
    if (now < season.startsAt || now >= season.endsAt) {
      throw new Refused('closed-season', `season ${name} is not open`);
    }
    const [, scores, feed] = this.#keys(name);
    const [changed, , best] = results(
      await this.#master
        .pipeline()
        .zadd(scores, 'GT', 'CH', score, player)
        .pexpireat(scores, season.expiresAt, 'NX')
        .zscore(scores, player)
        .exec(),
    ) as [number, number, string];
    const improved = changed === 1;

    const pipeline = this.#master.pipeline().zcount(scores, `(${best}`, '+inf').zcard(scores);
    if (improved) {
      pipeline.xadd(feed, 'MAXLEN', '~', FEED_LENGTH, '*', 'player', player, 'score', best);
      pipeline.pexpireat(feed, season.expiresAt, 'NX');
    }
    // WAIT counts the slaves that have every write of its connection, so it has to be this one, which others use meanwhile:
    // a use for moments, not for each request of a busy game.
    if (waitForSlaveMs > 0) pipeline.wait(1, waitForSlaveMs);
    const replies = results(await pipeline.exec()) as number[];
    const slaves = waitForSlaveMs > 0 ? replies.at(-1)! : null;
    return { player, best: Number(best), improved, rank: replies[0]! + 1, players: replies[1]!, slaves };
  }

  /** `count` players from the top, or from further below. */
  async top(name: string, count = 10, offset = 0): Promise<Standing[]> {
    checkCount(count);
    checkCount(offset);
    await this.season(name);
    return count === 0 ? [] : this.#read((redis) => this.#range(redis, name, offset, offset + count - 1));
  }

  /** The player and so many neighbours above and below; empty when the player has no score. */
  async around(name: string, player: string, neighbours = 2): Promise<Standing[]> {
    checkCount(neighbours);
    await this.season(name);
    return this.#read(async (redis) => {
      const place = await redis.zrevrank(this.#keys(name)[1], player);
      if (place === null) return [];
      const first = Math.max(0, place - neighbours);
      // Somebody may have moved between the two questions; what counts is that the answer is one consistent range.
      return this.#range(redis, name, first, place + neighbours);
    });
  }

  /** The player's standing in every season that is not forgotten. */
  async history(player: string): Promise<{ season: string; standing: Standing; players: number }[]> {
    const seasons = await this.seasons();
    if (seasons.length === 0) return [];
    return this.#read(async (redis) => {
      const first = redis.pipeline();
      for (const { name } of seasons) first.zscore(this.#keys(name)[1], player);
      const scores = results(await first.exec()) as (string | null)[];
      const played = seasons.flatMap(({ name }, i) => (scores[i] === null ? [] : [{ name, score: scores[i]! }]));
      if (played.length === 0) return [];
      const second = redis.pipeline();
      for (const { name, score } of played) {
        second.zcount(this.#keys(name)[1], `(${score}`, '+inf').zcard(this.#keys(name)[1]);
      }
      const counts = results(await second.exec()) as number[];
      return played.map(({ name, score }, i) => ({
        season: name,
        standing: { rank: counts[2 * i]! + 1, player, score: Number(score) },
        players: counts[2 * i + 1]!,
      }));
    });
  }

  /** The newest improvements, newest first. */
  async feed(name: string, count = 10): Promise<Improvement[]> {
    checkCount(count);
    await this.season(name);
    if (count === 0) return [];
    return this.#read(async (redis) => {
      const entries = await redis.xrevrange(this.#keys(name)[2], '+', '-', 'COUNT', count);
      return entries.map(([id, [, player = '', , score = '']]) => {
        return { at: Number(id.split('-')[0]), player, score: Number(score) };
      });
    });
  }

  /** Throws Refused when there is none. A slave that does not know it yet is not believed: the master is asked. */
  async season(name: string): Promise<Season> {
    const now = this.#now();
    const cached = this.#seasons.get(name);
    if (cached !== undefined && now < cached.until && now < cached.season.expiresAt) return cached.season;
    const [info] = this.#keys(name);
    const season =
      parseSeason(name, await this.#read((redis) => redis.hgetall(info))) ??
      parseSeason(name, await this.#master.hgetall(info));
    if (season === null) {
      this.#seasons.delete(name);
      throw new Refused('unknown-season', `there is no season ${name}`);
    }
    this.#seasons.set(name, { season, until: now + SEASON_CACHE_MS });
    return season;
  }

  /** The keys that exist of a season; for looking at expiry. */
  async keysOf(name: string, redis: Redis = this.#slave): Promise<number> {
    return redis.exists(...this.#keys(name));
  }

  get #list(): string {
    return `${this.#prefix}:seasons`;
  }

  #keys(name: string): [info: string, scores: string, feed: string] {
    const own = `${this.#prefix}:{${name}}`;
    return [`${own}:season`, `${own}:scores`, `${own}:feed`];
  }

  async #range(redis: Redis, name: string, first: number, last: number): Promise<Standing[]> {
    const scores = this.#keys(name)[1];
    const flat = await redis.zrange(scores, first, String(last), 'REV', 'WITHSCORES');
    if (flat.length === 0) return [];
    // The rank of the first is how many are better, which is not its place when others have the same score.
    let rank = (await redis.zcount(scores, `(${flat[1]}`, '+inf')) + 1;
    const standings: Standing[] = [];
    for (let i = 0; i < flat.length; i += 2) {
      const score = Number(flat[i + 1]);
      if (standings.length > 0 && score !== standings.at(-1)!.score) rank = first + i / 2 + 1;
      standings.push({ rank, player: flat[i]!, score });
    }
    return standings;
  }

  async #read<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.#slave.status === 'ready') {
      try {
        return await question(this.#slave);
      } catch (error) {
        // An error that the slave answered is an answer, but for the one that says that it has no data yet.
        const { name, message } = error as Error;
        if (name === 'ReplyError' && !message.startsWith('LOADING')) throw error;
      }
    }
    return question(this.#master);
  }
}

/** What a pipeline answered; throws the first error in it. */
function results(replies: [error: Error | null, result: unknown][] | null): unknown[] {
  return (replies ?? []).map(([error, result]) => {
    if (error !== null) throw error;
    return result;
  });
}

function parseSeason(name: string, hash: Record<string, string>): Season | null {
  const { startsAt, endsAt, expiresAt } = hash;
  if (startsAt === undefined || endsAt === undefined || expiresAt === undefined) return null;
  return { name, startsAt: Number(startsAt), endsAt: Number(endsAt), expiresAt: Number(expiresAt) };
}

function checkName(name: string, what: string): void {
  if (name === '' || name.length > PLAYER_LENGTH_MAX || /[{}\s]/.test(name)) {
    throw new Refused(
      'bad-request',
      `the name of a ${what} has 1 to ${PLAYER_LENGTH_MAX} characters, no spaces, no braces`,
    );
  }
}

function checkCount(count: number): void {
  if (!Number.isInteger(count) || count < 0 || count > 1000) {
    throw new Refused('bad-request', 'a count is a whole number from 0 to 1000');
  }
}
