import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Differential, Gen, generate, keyRows, printSequence, startRealRedis, stringRows } from '@weir/testkit';

// Every command of these tables must answer as redis-server does. WEIR_SEED repeats a run, WEIR_DIFF_SECONDS makes it
// longer. Sequences are numbered from the seed: seed + 0, seed + 1, …; a failure names its own.

const ROWS = [...stringRows, ...keyRows];
const MAX_BULK = '1048576';

test('random commands are answered as real Redis answers them, and a replica ends up with the same data', async (t) => {
  const seed = Number(process.env['WEIR_SEED'] ?? Date.now() % 1_000_000_000);
  const seconds = Number(process.env['WEIR_DIFF_SECONDS'] ?? 20);
  t.diagnostic(`WEIR_SEED=${seed} WEIR_DIFF_SECONDS=${seconds}`);
  const server = await startRealRedis(['--enable-debug-command', 'yes', '--proto-max-bulk-len', MAX_BULK]);
  const differential = await Differential.connect(server.port, { config: { 'proto-max-bulk-len': MAX_BULK } });
  try {
    const until = Date.now() + seconds * 1000;
    let sequences = 0;
    for (; sequences === 0 || Date.now() < until; sequences++) {
      const sequence = generate(new Gen(seed + sequences), ROWS);
      const found = await differential.run(sequence);
      if (found === null) continue;
      t.diagnostic(`WEIR_SEED=${seed + sequences} fails at step ${found.step}:\n${found.text}`);
      const shrunk = await differential.shrink(sequence);
      assert.fail(`WEIR_SEED=${seed + sequences} fails:\n${printSequence(shrunk.sequence)}\n${shrunk.mismatch.text}`);
    }
    t.diagnostic(`${sequences} sequences, ${differential.steps} commands`);
  } finally {
    differential.close();
    await server.stop();
  }
});
