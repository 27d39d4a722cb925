import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Differential,
  Gen,
  connectionRows,
  generate,
  keyRows,
  printSequence,
  serverRows,
  startRealRedis,
  stringRows,
} from '@weir/testkit';

// Every command of these tables must answer as redis-server does. WEIR_SEED repeats a run, WEIR_DIFF_SECONDS makes it
// longer. Sequences are numbered from the seed: seed + 0, seed + 1, …; a failure names its own. CI begins at the same
// seed every time, so that it tells what a change did; runs by hand begin at another one each and look for what is new.

// Half of the sequences are about the data set alone, the others about the connection and the server as well.

const CI_SEED = 20_261_122;

const DATA_ROWS = [...stringRows, ...keyRows];
const ALL_ROWS = [...DATA_ROWS, ...connectionRows, ...serverRows];

const MAX_BULK = '1048576';

test('random commands are answered as real Redis answers them, and a replica ends up with the same data', async (t) => {
  const fresh = process.env['CI'] === undefined ? Date.now() % 1_000_000_000 : CI_SEED;
  const seed = Number(process.env['WEIR_SEED'] ?? fresh);
  const seconds = Number(process.env['WEIR_DIFF_SECONDS'] ?? 20);
  t.diagnostic(`WEIR_SEED=${seed} WEIR_DIFF_SECONDS=${seconds}`);
  const config = { 'enable-debug-command': 'yes', 'proto-max-bulk-len': MAX_BULK, 'slowlog-log-slower-than': '-1' };
  const server = await startRealRedis(Object.entries(config).flatMap(([name, value]) => [`--${name}`, value]));
  const place = { port: String(server.port), bind: '127.0.0.1', dir: server.dir, save: '' };
  const differential = await Differential.connect(server.port, { config: { ...config, ...place } });
  try {
    const until = Date.now() + seconds * 1000;
    let sequences = 0;
    for (; sequences === 0 || Date.now() < until; sequences++) {
      const sequence = generate(new Gen(seed + sequences), (seed + sequences) % 2 === 0 ? DATA_ROWS : ALL_ROWS);
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
