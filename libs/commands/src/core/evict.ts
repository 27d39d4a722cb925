/**
 * Eviction: keeps the data set within `maxmemory`, before each command of a master. A slave evicts nothing of its own;
 * the log tells it what the master evicted. The memory that counts is the arena's, so the limit is exact: no output
 * buffers, no fragmentation, no guess. What was removed already and waits to be given back (`later`) goes before a key does.
 *
 * One call takes a bounded time (maxmemory-eviction-tenacity), since a limit that was lowered by gigabytes must not
 * stop the server. It then says "enough" although it is not; the next commands go on, as in Redis.
 */

import type { Config } from '@weir/config';
import type { EvictionOrder, Keyspace } from '@weir/keyspace';
import type { Context } from './context.ts';

/** Keys between two looks at the clock. */
const KEYS_PER_LOOK = 16;
/** Blocks of what waits to be given back between two looks at the clock. */
const LATER_PER_LOOK = 512;

/** Evicts until the data set fits `maxmemory`; false when the policy finds nothing more to evict. */
export function evictToLimit(ctx: Context): boolean {
  const limit = ctx.config.num.maxmemory;
  const { stats } = ctx;
  if (ctx.keyspace.usedBytes <= limit || limit === 0) {
    if (stats.memoryExceededSince !== 0) stats.memoryFits(ctx.host.clockMicros());
    return true;
  }
  const started = ctx.latencyStart();
  const enough = evict(ctx, limit);
  if (started !== 0) ctx.latencyEnd('eviction-cycle', started);
  if (ctx.keyspace.usedBytes <= limit) {
    if (stats.memoryExceededSince !== 0) stats.memoryFits(ctx.host.clockMicros());
  } else if (stats.memoryExceededSince === 0) stats.memoryExceededSince = ctx.host.clockMicros();
  return enough;
}

function evict(ctx: Context, limit: number): boolean {
  const keyspace = ctx.keyspace;
  const policy = ctx.config.choice.maxmemoryPolicy;
  if (policy === 'noeviction' && keyspace.later.idle) return false;
  const pool = keyspace.eviction;
  const order = policy.slice(policy.indexOf('-') + 1) as EvictionOrder;
  const volatile = policy.startsWith('volatile');
  const samples = ctx.config.num.maxmemorySamples;
  const budgetMicros = evictionBudgetMicros(ctx.config.num.maxmemoryEvictionTenacity);
  const startMicros = ctx.host.clockMicros();
  for (let keys = 1; keyspace.usedBytes > limit; keys++) {
    if (!keyspace.later.idle) {
      keyspace.later.step(LATER_PER_LOOK);
      if (ctx.host.clockMicros() - startMicros > budgetMicros) return true;
      continue;
    }
    if (policy === 'noeviction') return false;
    if (!pool.pick(order, volatile, samples, ctx.now)) return false;
    ctx.divideEffects();
    ctx.evict(pool.db, pool.hash, pool.ref);
    if (keys % KEYS_PER_LOOK === 0 && ctx.host.clockMicros() - startMicros > budgetMicros) return true;
  }
  return true;
}

/** Redis's scale: 0 to 10 is up to half a millisecond, then 15 % more each, 100 is without limit. */
function evictionBudgetMicros(tenacity: number): number {
  if (tenacity <= 10) return 50 * tenacity;
  return tenacity < 100 ? 500 * 1.15 ** (tenacity - 10) : Infinity;
}

/**
 * Lets the keyspace know what the configuration says of memory: at the start, when a directive of it changes
 * (`maxmemory`, `maxmemory-policy`, `lfu-log-factor`, `lfu-decay-time`), and for every new keyspace.
 */
export function applyMemoryPolicy(keyspace: Keyspace, config: Config): void {
  const { recency } = keyspace;
  recency.lfu = config.choice.maxmemoryPolicy.endsWith('lfu');
  recency.lfuLogFactor = config.num.lfuLogFactor;
  recency.lfuDecayMinutes = config.num.lfuDecayTime;
  keyspace.limits.softBytes = config.num.maxmemory === 0 ? Infinity : config.num.maxmemory;
  keyspace.eviction.clear();
}
