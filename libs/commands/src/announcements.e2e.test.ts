// What happens to keys is announced as real Redis publishes it in its keyspace notifications, all classes of them, `m`
// and `n` included: the same events of the same keys in the same order for every command of random sequences. WEIR_SEED
// and WEIR_DIFF_SECONDS as for differential.e2e.test.ts, and WEIR_DIFF_ONLY.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Differential,
  EVENT_CLASSES,
  Gen,
  dataRows,
  firstSeed,
  generate,
  printSequence,
  selectOnly,
  startRealRedis,
} from '@weir/testkit';

/** In CI no more than that, however fast the machine is: it is to see what others have seen. */
const CI_SEQUENCES_MAX = 80;

const { CI, WEIR_DIFF_SECONDS, WEIR_DIFF_ONLY } = process.env;
const seed = firstSeed('WEIR_SEED');
const seconds = Number(WEIR_DIFF_SECONDS ?? 8);
const sequencesMax = CI !== undefined && WEIR_DIFF_SECONDS === undefined ? CI_SEQUENCES_MAX : Infinity;
const rows = WEIR_DIFF_ONLY === undefined ? dataRows : selectOnly(WEIR_DIFF_ONLY);

test('every command announces what Redis publishes of it, in the same order', async (t) => {
  t.diagnostic(`WEIR_SEED=${seed} WEIR_DIFF_SECONDS=${seconds}`);
  const config = { 'enable-debug-command': 'yes', 'proto-max-bulk-len': '1048576' };
  const options = Object.entries({ ...config, 'notify-keyspace-events': EVENT_CLASSES }).flatMap(([name, value]) => [
    `--${name}`,
    value,
  ]);
  const server = await startRealRedis(options);
  const differential = await Differential.connect(server.port, { config }, 'redis', true);
  differential.exchangesDumps = false;
  try {
    const until = Date.now() + seconds * 1000;
    for (let number = seed; number === seed || (Date.now() < until && number < seed + sequencesMax); number++) {
      const sequence = generate(new Gen(number), rows);
      const found = await differential.run(sequence);
      if (found === null) continue;
      t.diagnostic(`WEIR_SEED=${number} fails at step ${found.step}:\n${found.text}`);
      // The two servers have clocks of their own: a key may have expired for one of them only.
      if ((await differential.run(sequence)) === null && (await differential.run(sequence)) === null) continue;
      const shrunk = await differential.shrink(sequence);
      assert.fail(`WEIR_SEED=${number} fails:\n${printSequence(shrunk.sequence)}\n${shrunk.mismatch.text}`);
    }
    t.diagnostic(`${differential.steps} commands, ${differential.events} events`);
    assert.ok(differential.events > differential.steps / 10, 'too little happened');
  } finally {
    differential.close();
    await server.stop();
  }
});
