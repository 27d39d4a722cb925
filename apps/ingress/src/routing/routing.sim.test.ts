import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultScanLimits } from '@weir/resp';
import { CheckedClient } from './checked-client.testing.ts';
import { Fleet } from './fleet.ts';
import type { FleetClient, FleetOptions } from './fleet.ts';
import type { Level } from './local-commands.ts';
import { RoutedConnection } from './routed-connection.ts';
import { SimCluster, SimLink, SimTime } from './simulated.testing.ts';
import type { Upstream } from './upstream.ts';

const SEEDS = Number(process.env['SEEDS'] ?? 5);
const FIRST = Number(process.env['SEED'] ?? 1);
/** A mistake that is not found within so many seeds is not found. */
const FOUND_WITHIN = 40;
const NOTHING = { debug() {}, info() {}, warn() {}, error() {} };

interface Outcome {
  readonly violations: string[];
  readonly replies: number;
  readonly atSlaves: number;
  readonly unknown: number;
  readonly trace: string;
}

/** Clients that ask while engines die, stand still, come back, and hand the log on. First with faults; then without, until all is answered. */
function simulate(seed: number, level: Level, make: (options: FleetOptions) => Fleet = (o) => new Fleet(o)): Outcome {
  const time = new SimTime(seed);
  const cluster = new SimCluster(time, 4);
  const fleet = make({
    time,
    log: NOTHING,
    lagMsMax: 10_000,
    readWaitMs: 10,
    holdMs: 600_000,
    connect: ({ id }, _address, events) =>
      new SimLink(
        cluster.engines.find((engine) => engine.id === id)!,
        events,
      ),
    poll: () => time.after(1, () => cluster.engines.forEach((engine) => engine.report())),
  });
  cluster.onReport = (member) => time.after(time.random() * 3, () => fleet.heard(member));
  cluster.start();
  const told = { position: 0 };
  const held = { bytes: 0 };
  const clients = Array.from({ length: 6 }, (_, i) => {
    const client = new CheckedClient(cluster, `c${i}`, told, level === 'linearizable');
    const connection = new RoutedConnection(
      client.socket,
      { connectionClosed() {} },
      { remoteAddr: '', localAddr: '', fd: -1, unixSocket: false },
      { fleet, level, closesUnknown: false, limits: defaultScanLimits(), logId: () => '', held },
    );
    connection.start();
    return client;
  });
  let isHealing = false;
  for (const client of clients) {
    const next = (): void => {
      if (isHealing) return;
      if (!client.socket.isPaused && client.outstanding < 30) client.ask();
      time.after(time.random() * 6, next);
    };
    next();
  }
  const fault = (): void => {
    if (isHealing) return;
    const engine = cluster.engines[time.below(cluster.engines.length)];
    const dice = time.random();
    if (!engine.isAlive) engine.restart();
    else if (dice < 0.3 && cluster.engines.filter(({ isAlive }) => isAlive).length > 2) {
      const wasMaster = engine.role === 'master';
      engine.kill();
      if (wasMaster) time.after(20 + time.random() * 200, () => cluster.elect());
    } else if (dice < 0.5) cluster.elect();
    else if (dice < 0.6 && engine.role === 'slave') {
      engine.isFrozen = true;
      time.after(time.random() * 8000, () => void (engine.isFrozen = false));
    }
    time.after(time.random() * 400, fault);
  };
  fault();
  time.run(4000);
  isHealing = true;
  for (const engine of cluster.engines) {
    engine.isFrozen = false;
    if (!engine.isAlive) engine.restart();
  }
  if (cluster.master === undefined) cluster.elect();
  time.run(8000);
  const violations = clients.flatMap((client) => client.violations);
  for (const client of clients) {
    if (client.outstanding > 0) violations.push(`${client.outstanding} requests are never answered`);
    if (client.socket.isClosed) violations.push('a client was closed');
  }
  const values = cluster.log.map(({ value }) => value);
  if (new Set(values).size < values.length) violations.push('a write was executed twice');
  if (held.bytes !== 0) violations.push(`${held.bytes} bytes are held for ever`);
  for (const upstream of fleet.upstreams)
    if (upstream.outstanding !== 0) violations.push(`${upstream.outstanding} requests are counted for ever`);
  return {
    violations,
    replies: clients.reduce((sum, { replies }) => sum + replies, 0),
    atSlaves: fleet.upstreams.reduce((sum, { reads }) => sum + reads, 0),
    unknown: clients.reduce((sum, { unknown }) => sum + unknown.length, 0),
    trace: values.join(),
  };
}

/** The first seed in which a router with a mistake is found out. */
function found(level: Level, make: (options: FleetOptions) => Fleet, what: RegExp): number {
  for (let seed = FIRST; seed < FIRST + Math.max(SEEDS, FOUND_WITHIN); seed++)
    if (simulate(seed, level, make).violations.some((one) => what.test(one))) return seed;
  return assert.fail(`nothing like ${what} was found in so many seeds`);
}

for (const level of ['session', 'linearizable'] as const) {
  test(`while engines die, stand still and hand the log on, reads keep the level ${level}, in order and without an error`, () => {
    let atSlaves = 0;
    let unknown = 0;
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      const outcome = simulate(seed, level);
      assert.deepEqual(outcome.violations.slice(0, 3), [], `seed ${seed}`);
      assert.ok(outcome.replies > 1000, `seed ${seed} has ${outcome.replies} replies`);
      atSlaves += outcome.atSlaves;
      unknown += outcome.unknown;
    }
    assert.ok(atSlaves > 500 * SEEDS, `only ${atSlaves} reads went to slaves`);
    assert.ok(unknown > 0, 'no master died with a write on its way');
  });
}

test('one seed gives one trace', () => {
  const traces = [simulate(7, 'session').trace, simulate(7, 'session').trace, simulate(8, 'session').trace];
  assert.equal(traces[0], traces[1]);
  assert.notEqual(traces[0], traces[2]);
});

test('the checker finds a router that does not look at positions', () => {
  class Careless extends Fleet {
    override reader(_position: number, current: Upstream | null): Upstream | null {
      return super.reader(0, current);
    }
  }
  found('session', (options) => new Careless(options), /though .* was shown before/);
});

test('the checker finds a router whose linearizable reads are content with what the connection has seen', () => {
  class Unconfirmed extends Fleet {
    override confirm(client: FleetClient, ask: number): void {
      this.options.time.endOfTurn(() => client.confirmed(0, ask));
    }
  }
  found('linearizable', (options) => new Unconfirmed(options), /though .* was shown before/);
});
