/**
 * Invariant `slave-equals-master`: what a slave makes of the records is the master's data set, whatever the commands were:
 * random ones from a seed, over several databases, with keys that expire between two commands, memory limits that evict, an
 * arena that fills up in the middle of a command, and renamed commands.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Config } from '@weir/config';
import { Keyspace, Random, fingerprint } from '@weir/keyspace';
import { Arena } from '@weir/memory';
import { Replay } from '@weir/replica';
import { HEADER_BYTES } from '@weir/log';
import { testEngine, turn } from './testing-sessions.ts';
import type { TestClient, TestEngine } from './testing-sessions.ts';

const COMMANDS = 4000;

/** In CI the same every time. */
const FIRST_SEED = process.env['CI'] === undefined ? Date.now() % 1_000_000 : 1;
const seeds = process.env['WEIR_SEED'] !== undefined ? [Number(process.env['WEIR_SEED'])] : [];
for (let i = 0; seeds.length < Number(process.env['WEIR_SIM_RUNS'] ?? 4); i++) seeds.push(FIRST_SEED + i);

interface Setting {
  readonly name: string;
  readonly configure: (config: Config) => void;
  readonly arenaBytes: number;
  readonly valueBytesMax: number;
}

const SETTINGS: Setting[] = [
  { name: 'plain', configure: () => {}, arenaBytes: 1 << 28, valueBytesMax: 200 },
  {
    name: 'eviction',
    configure: (config) => {
      config.assign('maxmemory', ['200kb']);
      config.assign('maxmemory-policy', ['allkeys-random']);
    },
    arenaBytes: 1 << 28,
    valueBytesMax: 3000,
  },
  {
    name: 'eviction of keys that expire',
    configure: (config) => {
      config.assign('maxmemory', ['150kb']);
      config.assign('maxmemory-policy', ['volatile-ttl']);
    },
    arenaBytes: 1 << 28,
    valueBytesMax: 3000,
  },
  { name: 'an arena that fills up', configure: () => {}, arenaBytes: 1 << 20, valueBytesMax: 40_000 },
  {
    name: 'renamed commands',
    configure: (config) => {
      for (const [from, to] of [
        ['set', 'get'],
        ['get', 'set'],
        ['mset', 'ms'],
        ['incr', 'up'],
        ['flushall', 'wipe'],
      ]) {
        config.renamedCommands.set(from!, to!);
      }
    },
    arenaBytes: 1 << 28,
    valueBytesMax: 200,
  },
];

/** Commands of lists, hashes, sets, sorted sets and streams: those with many elements, and those whose effect is not the request. */
function collectionCommands(pick: (n: number) => number, value: () => string): (() => string)[] {
  const key = (type: string) => (pick(12) === 0 ? `k${pick(60)}` : `${type}${pick(5)}`);
  const name = () => (pick(9) === 0 ? value() : `m${pick(400)}`);
  const some = (part: () => string) => Array.from({ length: 1 + pick(pick(8) === 0 ? 200 : 5) }, part).join(' ');
  const id = () => `${1 + pick(400)}-${pick(3)}`;
  return [
    () => `${['lpush', 'rpush', 'rpushx'][pick(3)]!} ${key('l')} ${some(value)}`,
    () => `${['lpop', 'rpop'][pick(2)]!} ${key('l')} ${pick(40)}`,
    () => `lmove ${key('l')} ${key('l')} left right`,
    () => `linsert ${key('l')} before 7 ${value()}`,
    () => `lset ${key('l')} ${pick(5)} ${value()}`,
    () => `ltrim ${key('l')} ${pick(3)} ${pick(100) - 50}`,
    () => `lmpop 2 ${key('l')} ${key('l')} right count ${1 + pick(9)}`,
    () => `hset ${key('h')} ${some(() => `${name()} ${value()}`)}`,
    () => `hset ${key('h')} ${some(() => `${name()} ${value()}`)}`,
    () => `hincrby ${key('h')} n${pick(5)} ${pick(100)}`,
    () => `hincrbyfloat ${key('h')} n${pick(5)} 0.1`,
    () => `hdel ${key('h')} ${some(name)}`,
    () => `sadd ${key('s')} ${some(name)}`,
    () => `sadd ${key('s')} ${some(() => String(pick(1000)))}`,
    () => `srem ${key('s')} ${some(name)}`,
    () => `spop ${key('s')} ${pick(30)}`,
    () => `smove ${key('s')} ${key('s')} ${name()}`,
    () => `${['sunionstore', 'sinterstore', 'sdiffstore'][pick(3)]!} ${key('s')} ${key('s')} ${key('s')}`,
    () => `zadd ${key('z')} ${some(() => `${pick(50)} ${name()}`)}`,
    () => `zadd ${key('z')} gt ch ${some(() => `${pick(50) / 7} ${name()}`)}`,
    () => `zincrby ${key('z')} 0.1 ${name()}`,
    () => `zpopmin ${key('z')} ${pick(20)}`,
    () => `zremrangebyscore ${key('z')} ${pick(20)} ${pick(50)}`,
    () => `zunionstore ${key('z')} 2 ${key('z')} ${key('s')} weights 2 0.3`,
    () => `zrangestore ${key('z')} ${key('z')} 0 ${pick(30)}`,
    () => `geoadd ${key('z')} ${pick(170)} ${pick(80)} ${name()}`,
    () => `pfadd ${key('p')} ${some(name)}`,
    () => `pfmerge ${key('p')} ${key('p')} ${key('p')}`,
    () => `setbit ${key('b')} ${pick(9000)} ${pick(2)}`,
    () => `bitfield ${key('b')} incrby u7 ${pick(100)} 5 overflow sat set i64 #${pick(20)} -7`,
    () => `bitop xor ${key('b')} ${key('b')} ${key('b')}`,
    () => `xadd ${key('x')} * ${some(() => `f${pick(3)} ${value()}`)}`,
    () => `xadd ${key('x')} maxlen ~ ${pick(100)} ${id()} f ${value()}`,
    () => `xdel ${key('x')} ${id()}`,
    () => `xtrim ${key('x')} maxlen ${pick(50)}`,
    () => `xgroup create ${key('x')} g${pick(2)} 0 mkstream`,
    () => `xreadgroup group g${pick(2)} c${pick(3)} count ${1 + pick(20)} streams ${key('x')} >`,
    () => `xreadgroup group g${pick(2)} c${pick(3)} noack count ${1 + pick(5)} streams ${key('x')} >`,
    () => `xack ${key('x')} g${pick(2)} ${id()}`,
    () => `xautoclaim ${key('x')} g${pick(2)} c${pick(3)} 0 0 count ${1 + pick(10)}`,
    () => `xgroup delconsumer ${key('x')} g${pick(2)} c${pick(3)}`,
    () => `sort ${key('l')} alpha store ${key('l')}`,
  ];
}

function randomCommand(random: Random, setting: Setting, rename: (name: string) => string): string {
  const pick = (n: number) => random.u32() % n;
  const key = () => `k${pick(60)}`;
  const value = () => (pick(3) === 0 ? String(pick(1000)) : 'v'.repeat(1 + pick(setting.valueBytesMax)));
  const soon = () => String(1 + pick(30));
  const pairs = () => Array.from({ length: 1 + pick(6) }, () => `${key()} ${value()}`).join(' ');
  const all: (() => string)[] = [
    () => `set ${key()} ${value()}`,
    () => `set ${key()} ${value()} px ${soon()}`,
    () => `set ${key()} ${value()} keepttl get`,
    () => `set ${key()} ${value()} nx`,
    () => `getset ${key()} ${value()}`,
    () => `setnx ${key()} ${value()}`,
    () => `psetex ${key()} ${soon()} ${value()}`,
    () => `mset ${pairs()}`,
    () => `msetnx ${pairs()}`,
    () => `append ${key()} ${value()}`,
    () => `setrange ${key()} ${pick(3000)} ${value()}`,
    () => `incr ${key()}`,
    () => `incrbyfloat ${key()} 0.1`,
    () => `getdel ${key()}`,
    () => `getex ${key()} px ${soon()}`,
    () => `getex ${key()} persist`,
    () => `getex ${key()} pxat 1`,
    () => `del ${key()} ${key()} ${key()}`,
    () => `rename ${key()} ${key()}`,
    () => `renamenx ${key()} ${key()}`,
    () => `copy ${key()} ${key()} db ${pick(3)} replace`,
    () => `move ${key()} ${pick(3)}`,
    () => `pexpire ${key()} ${soon()}`,
    () => `expire ${key()} -1`,
    () => `pexpire ${key()} ${soon()} gt`,
    () => `persist ${key()}`,
    () => `select ${pick(3)}`,
    () => `select ${pick(3)}`,
    ...collectionCommands(pick, value),
    () => `get ${key()}`,
    () => `exists ${key()} ${key()}`,
    () => `scan 0 count 30`,
    () => `randomkey`,
  ];
  const rare: (() => string)[] = [
    () => 'flushdb',
    () => 'flushall',
    () => `swapdb ${pick(3)} ${pick(3)}`,
    () => `debug populate 20 p${pick(5)}`,
  ];
  const chosen = (pick(60) === 0 ? rare[pick(rare.length)]! : all[pick(all.length)]!)();
  const space = chosen.indexOf(' ');
  const name = space < 0 ? chosen : chosen.slice(0, space);
  return rename(name) + chosen.slice(name.length);
}

async function simulate(seed: number, setting: Setting): Promise<void> {
  const config = new Config();
  config.assign('enable-debug-command', ['yes']);
  setting.configure(config);
  const { engine, log, client }: TestEngine = testEngine({}, config, setting.arenaBytes);
  const random = new Random(seed);
  const slave = new Keyspace({ seed: { k0: 9, k1: 8 }, randomSeed: 7, arena: new Arena({ reserveBytes: 1 << 28 }) });
  const replay = new Replay(slave);
  log.onPayload = (payload) => replay.payload(Buffer.from(payload), 0);
  const clients: TestClient[] = Array.from({ length: 3 }, client);
  for (let i = 0; i < COMMANDS; i++) {
    const who = clients[random.u32() % clients.length]!;
    const next = (): string => randomCommand(random, setting, (name) => config.renamedCommands.get(name) ?? name);
    // Now and then several as one transaction.
    const some = Array.from({ length: random.u32() % 10 === 0 ? random.u32() % 6 : 0 }, next);
    const command = next();
    if (some.length > 0) who.send('multi', ...some, command, 'exec');
    else who.send(command);
    who.take();
    if (random.u32() % 8 === 0) {
      await turn();
      while (log.pending.length > 0) log.commit();
      await turn();
      while (log.pending.length > 0) log.commit();
      if (engine.ctx.effects.pos === HEADER_BYTES) {
        const where = `seed ${seed}, ${setting.name}, command ${i}: ${command.slice(0, 100)}`;
        assert.equal(fingerprint(slave), fingerprint(engine.ctx.keyspace), where);
      }
    }
  }
}

for (const setting of SETTINGS) {
  test(`a slave's data set is the master's after any commands: ${setting.name} (seeds ${seeds[0]}…)`, async () => {
    for (const seed of seeds) await simulate(seed, setting);
  });
}
