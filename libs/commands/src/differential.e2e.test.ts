// Every command of these tables must answer as the real server does: Redis 7.0.15, and for what is newer Valkey 8.0, which
// continues Redis 7.2. WEIR_SEED repeats a run, WEIR_DIFF_SECONDS makes it longer, WEIR_ORACLE (redis, valkey) chooses one
// server, WEIR_DIFF_ONLY groups of rows (list,zset), WEIR_DIFF_WITHOUT leaves commands out (dump,restore). Sequences are numbered from the seed: seed + 0, seed + 1, …; a failure
// names its own. CI begins at the same seed every time, so that it tells what a change did; runs by hand begin at another one
// each and look for what is new.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import {
  Differential,
  Gen,
  allRows,
  dataRows,
  firstSeed,
  generate,
  printSequence,
  rowGroups,
  selectOnly,
  startOracle,
} from '@weir/testkit';
import type { OracleName, Selection } from '@weir/testkit';

// Against Redis, half of the sequences are about the data set alone, the others about the connection and the server as well.

const MAX_BULK = '1048576';

/** In CI no more than that, however fast the machine is: it is to see what others have seen. */
const CI_SEQUENCES_MAX = 200;

const { CI, WEIR_DIFF_SECONDS, WEIR_DIFF_ONLY, WEIR_DIFF_WITHOUT, WEIR_ORACLE } = process.env;
const seed = firstSeed('WEIR_SEED');
const seconds = Number(WEIR_DIFF_SECONDS ?? 20);
const sequencesMax = CI !== undefined && WEIR_DIFF_SECONDS === undefined ? CI_SEQUENCES_MAX : Infinity;
const without = (WEIR_DIFF_WITHOUT ?? '').split(',');
const only = WEIR_DIFF_ONLY === undefined ? undefined : selectOnly(WEIR_DIFF_ONLY);
/** Rows of connections and of the server are compared with Redis alone, and count what the comparison itself would send. */
const isAboutServer = only?.rows.some((row) => [...rowGroups.connection, ...rowGroups.server].includes(row)) === true;
const leaveOut = ({ rows, types }: Selection): Selection => ({
  rows: rows.filter(({ name }) => !without.includes(name)),
  types,
});

const TITLES: Readonly<Record<OracleName, string>> = {
  redis: 'random commands are answered as real Redis answers them, and a replica ends up with the same data',
  valkey: 'what Redis has since 7.2, encodings among it, is as in Valkey 8.0, and a replica ends up with the same data',
};

for (const oracle of ['redis', 'valkey'] as const) {
  if (WEIR_ORACLE === undefined ? oracle === 'redis' || !isAboutServer : WEIR_ORACLE === oracle)
    test(TITLES[oracle], (t) => compare(t, oracle));
}

async function compare(t: TestContext, oracle: OracleName): Promise<void> {
  const chosen = Object.entries({ WEIR_DIFF_ONLY, WEIR_DIFF_WITHOUT }).filter(([, value]) => value !== undefined);
  const repeat = [`WEIR_ORACLE=${oracle}`, ...chosen.map(([name, value]) => `${name}=${value}`)].join(' ');
  t.diagnostic(`${repeat} WEIR_SEED=${seed} WEIR_DIFF_SECONDS=${seconds}`);
  const config = { 'enable-debug-command': 'yes', 'proto-max-bulk-len': MAX_BULK, 'slowlog-log-slower-than': '-1' };
  const options = Object.entries(config).flatMap(([name, value]) => [`--${name}`, value]);
  const server = await startOracle(oracle, options);
  const place = { port: String(server.port), bind: '127.0.0.1', dir: server.dir, save: '' };
  const differential = await Differential.connect(server.port, { config: { ...config, ...place } }, oracle);
  differential.exchangesDumps = !without.includes('dump');
  try {
    const until = Date.now() + seconds * 1000;
    let sequences = 0;
    for (; sequences === 0 || (Date.now() < until && sequences < sequencesMax); sequences++) {
      const number = seed + sequences;
      const probe = !isAboutServer && (oracle === 'valkey' || number % 2 === 0);
      const sequence = generate(new Gen(number), leaveOut(only ?? (probe ? dataRows : allRows)), { oracle, probe });
      const found = await differential.run(sequence);
      if (found === null) continue;
      t.diagnostic(`${repeat} WEIR_SEED=${number} fails at step ${found.step}:\n${found.text}`);
      // The two servers have clocks of their own: when the machine stood still between them they rightly differ, once.
      if ((await differential.run(sequence)) === null && (await differential.run(sequence)) === null) {
        t.diagnostic('and twice it did not fail again');
        continue;
      }
      const shrunk = await differential.shrink(sequence);
      assert.fail(`${repeat} WEIR_SEED=${number} fails:\n${printSequence(shrunk.sequence)}\n${shrunk.mismatch.text}`);
    }
    t.diagnostic(`${sequences} sequences, ${differential.steps} commands`);
    report(t, differential);
  } finally {
    differential.close();
    await server.stop();
  }
}

/** How often each command succeeded. (That every row does at some time is another test, of the rows.) */
function report(t: TestContext, { commands }: Differential): void {
  const counts = [...commands].sort(([a], [b]) => (a < b ? -1 : 1));
  t.diagnostic(`succeeded/sent: ${counts.map(([name, { done, sent }]) => `${name} ${done}/${sent}`).join(', ')}`);
}
