/**
 * The active expire cycle (Redis `expire.c`): run `hz` times a second on a master, it looks through the entries with an
 * expire time, a few of each database in turn, and goes on with a database while more than a tenth of what it saw had
 * expired, within a quarter of the time. So expired keys that nobody asks for take a bounded share of the memory, and
 * finding them a bounded share of the time. Each one goes to the log as a DEL.
 */

import type { Config } from '@weir/config';
import { expireOf } from '@weir/keyspace';
import type { Database, Keyspace } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Context } from './context.ts';

const KEYS_PER_LOOP = 20;
const STALE_PERCENT = 10;
const TIME_PERCENT = 25;
/** Databases visited in one run. */
const DBS_PER_CALL = 16;
/** A table emptier than this (percent) is not worth the walk: it shrinks soon. */
const FILLED_PERCENT_MIN = 1;

/** Steps of a rehash between two looks at the clock. */
const STEPS_PER_LOOK = 64;

const refs: Ref[] = [];

/** Time that one run may take by the configuration, in microseconds. */
export function expireBudgetMicros(config: Config): number {
  const effort = config.num.activeExpireEffort - 1;
  return ((TIME_PERCENT + 2 * effort) * 1_000_000) / config.num.hz / 100;
}

/** One run. `ctx.now` must be current. */
export function activeExpireCycle(
  ctx: Context,
  clockMicros: () => number,
  budgetMicros: number = expireBudgetMicros(ctx.config),
): void {
  if (!ctx.activeExpire || !ctx.role.ownsExpiry || ctx.role.paused !== 'nothing') return;
  const keyspace = ctx.keyspace;
  const { stats } = ctx;
  const effort = ctx.config.num.activeExpireEffort - 1;
  const keysPerLoop = KEYS_PER_LOOP + (KEYS_PER_LOOP / 4) * effort;
  const stalePercent = STALE_PERCENT - effort;
  const startMicros = clockMicros();
  const dbs = keyspace.dbs.length;
  // A run that was cut short has left work: then all databases have their turn.
  const visits = keyspace.expireCutShort ? dbs : Math.min(DBS_PER_CALL, dbs);
  let sampledAll = 0;
  let expiredAll = 0;
  keyspace.expireCutShort = false;
  for (let visit = 0; visit < visits && !keyspace.expireCutShort; visit++) {
    const db = keyspace.dbs[keyspace.expireDb % dbs];
    keyspace.expireDb = (keyspace.expireDb + 1) % dbs;
    let sampled: number;
    let expired: number;
    do {
      const table = db.expires;
      if (table.size === 0) {
        db.avgTtlMs = 0;
        break;
      }
      if (table.slots > 96 && table.size * 100 < table.slots * FILLED_PERCENT_MIN) break;
      const before = stats.expiredKeys;
      sampled = sampleDb(ctx, db, Math.min(keysPerLoop, table.size));
      expired = stats.expiredKeys - before;
      sampledAll += sampled;
      expiredAll += expired;
      if (clockMicros() - startMicros > budgetMicros) {
        keyspace.expireCutShort = true;
        stats.expiredTimeCapReached++;
        break;
      }
    } while (sampled === 0 || expired * 100 > stalePercent * sampled);
  }
  const micros = clockMicros() - startMicros;
  stats.activeExpireMicros += micros;
  ctx.latencySample('expire-cycle', micros);
  const current = sampledAll === 0 ? 0 : (expiredAll * 100) / sampledAll;
  stats.expiredStalePercentage = current * 0.05 + stats.expiredStalePercentage * 0.95;
}

/** Looks at about `count` entries, removes the expired ones, and returns how many it saw. */
function sampleDb(ctx: Context, db: Database, count: number): number {
  const arena = ctx.keyspace.arena;
  const table = db.expires;
  let sampled = 0;
  let living = 0;
  let ttlSum = 0;
  for (let buckets = 0; sampled < count && buckets < count * 20; buckets++) {
    db.expireCursor = table.scan(db.expireCursor, refs);
    sampled += refs.length;
    for (let i = 0; i < refs.length; i++) {
      const ref = refs[i];
      const ttl = expireOf(arena, ref) - ctx.now;
      if (ttl <= 0) {
        ctx.divideEffects();
        ctx.expire(db, table.hashOf(ref), ref);
      } else {
        ttlSum += ttl;
        living++;
      }
    }
    refs.length = 0;
    if (table.size === 0) break;
  }
  if (living > 0) {
    const mean = ttlSum / living;
    db.avgTtlMs = db.avgTtlMs === 0 ? mean : (db.avgTtlMs / 50) * 49 + mean / 50;
  }
  return sampled;
}

/** Goes on with the incremental rehash of every table for at most that long; false when there is nothing to do. */
export function rehashFor(keyspace: Keyspace, clockMicros: () => number, budgetMicros: number): boolean {
  const startMicros = clockMicros();
  for (const db of keyspace.dbs) {
    for (let which = 0; which < 2; which++) {
      const table = which === 0 ? db.keys : db.expires;
      // A step that does nothing has finished, or has met a full arena: later.
      for (let steps = 1; table.rehashStep(); steps++) {
        if (steps % STEPS_PER_LOOK === 0 && clockMicros() - startMicros > budgetMicros) return true;
      }
    }
  }
  return false;
}
