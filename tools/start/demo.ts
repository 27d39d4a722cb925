// `npm run demo`: the walk-through of a master and a slave, played against fresh nodes in a temporary folder and printed.
// Every answer is checked, so it is a test as well: exit code 1 and a sentence when something is not as it should be.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { checkoutRoot } from '@weir/toolchain';

import { plainClient, redisCli } from './clients.ts';
import type { Client } from './clients.ts';
import { freePorts, startNode, untilItAnswers } from './nodes.ts';
import type { NodeProcess } from './nodes.ts';

const root = checkoutRoot();
const colors = process.stdout.isTTY;
const bold = (text: string): string => (colors ? `\u001b[1m${text}\u001b[0m` : text);
const dim = (text: string): string => (colors ? `\u001b[2m${text}\u001b[0m` : text);
const print = (text = ''): void => void process.stdout.write(`${text}\n`);

const startBoundMs = 90_000;
const catchUpBoundMs = 60_000;
const stopBoundMs = 30_000;

class Unexpected extends Error {}

function expect(condition: boolean, sentence: string): void {
  if (!condition) throw new Unexpected(sentence);
}

/** `redis-cli` as installed or fetched from the distribution; without one, a small client of our own. */
function chooseClient(): Client {
  const { status, stdout } = spawnSync(process.execPath, [path.join(root, 'tools/bootstrap/redis.mjs')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) {
    print(dim('(there is no redis-cli here; a small client stands in for it)'));
    return plainClient();
  }
  return redisCli(stdout.trim() === '' ? 'redis-cli' : path.join(stdout.trim(), 'redis-cli'));
}

interface Session {
  readonly type: (command: string) => Promise<string>;
}

function openSession(client: Client, port: number): Session {
  print(bold(`$ redis-cli -p ${port}`));
  return {
    type: async (command) => {
      const answer = await client(port, command.split(' '));
      print(`127.0.0.1:${port}> ${bold(command)}`);
      print(answer);
      return answer;
    },
  };
}

async function play(folder: string, nodes: NodeProcess[], logs: Map<string, string[]>): Promise<void> {
  const client = chooseClient();
  const [port, slavePort] = await freePorts();
  const conf = path.join(folder, 'conf');
  mkdirSync(conf);

  const start = (name: string, file: string): NodeProcess => {
    const lines: string[] = [];
    logs.set(name, lines);
    const node = startNode({ name, args: [file], cwd: folder, onLine: (line) => lines.push(line) });
    nodes.push(node);
    return node;
  };

  const shipped = readFileSync(path.join(root, 'conf/6379.conf'), 'utf8');
  // Whatever ports somebody has put there.
  const edited = (to: number, text: string): string => {
    const result = text.replace(/\nport .*\n/, `\nport ${to}\n`).replace(/\ndir .*\n/, `\ndir ./data/${to}\n`);
    expect(result.includes(`\nport ${to}\n`) && result.includes(`/${to}\n`), 'conf/6379.conf has no port and dir line');
    return result;
  };
  const masterFile = `conf/${port}.conf`;
  const slaveFile = `conf/${slavePort}.conf`;
  const masterConf = edited(port, shipped);
  writeFileSync(path.join(folder, masterFile), masterConf);

  print(dim(`(ports ${port} and ${slavePort} stand for 6379 and 6380; the folder is ${folder})`));
  print(bold(`$ ./weir-server ${masterFile}`) + dim('    # in one terminal'));
  await untilItAnswers(start('master', masterFile), port, startBoundMs);

  print(bold(`$ cp ${masterFile} ${slaveFile}`) + dim('    # then: port, dir, and one line'));
  const slaveConf = `${edited(slavePort, masterConf)}\nslaveof 127.0.0.1 ${port}\n`;
  writeFileSync(path.join(folder, slaveFile), slaveConf);
  print(bold(`$ diff ${masterFile} ${slaveFile}`));
  print(await diff(folder, masterFile, slaveFile));
  print(bold(`$ ./weir-server ${slaveFile}`) + dim('    # in another terminal'));
  await untilItAnswers(start('slave', slaveFile), slavePort, startBoundMs);
  print();

  const master = openSession(client, port);
  const keys = 'keys *';
  expect((await master.type(keys)) === '(empty array)', 'a fresh master holds keys');
  expect((await master.type('set testkey val')) === 'OK', 'the master did not accept the write');
  expect((await master.type(keys)) === '1) "testkey"', 'the master does not show the key');
  expect((await master.type('set testkey2 val2')) === 'OK', 'the master did not accept the second write');
  print();

  const caughtUpWithinMs = await untilCaughtUp(client, slavePort, 2);
  print(dim(`(the slave had both keys after ${caughtUpWithinMs.toFixed(0)} ms)`));
  const slave = openSession(client, slavePort);
  const shown = await slave.type(keys);
  expect(shown.includes('"testkey"') && shown.includes('"testkey2"'), 'the slave does not show both keys');
  expect((await slave.type('get testkey2')) === '"val2"', 'the slave has another value');
  expect((await slave.type('set testkey3 val3')).startsWith('(error) READONLY'), 'the slave accepted a write');
  const info = await slave.type('info replication');
  expect(/^role:slave\r?$/m.test(info), 'INFO replication does not say role:slave');
  expect(new RegExp(`^master_port:${port}\\r?$`, 'm').test(info), 'INFO replication does not name the master');
  const role = await slave.type('role');
  expect(role.startsWith('1) "slave"') && role.includes(String(port)), 'ROLE does not say slave, and of whom');
}

async function untilCaughtUp(client: Client, port: number, keys: number): Promise<number> {
  const began = performance.now();
  for (;;) {
    const answer = await client(port, ['dbsize']);
    const elapsedMs = performance.now() - began;
    if (answer === `(integer) ${keys}`) return elapsedMs;
    expect(elapsedMs < catchUpBoundMs, `after ${catchUpBoundMs / 1000} s the slave's DBSIZE answers: ${answer}`);
    await sleep(20);
  }
}

function diff(folder: string, a: string, b: string): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn('diff', [a, b], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.on('error', () => resolve(dim('(there is no diff here)')));
    child.on('close', () => resolve(text.trimEnd()));
  });
}

async function main(): Promise<number> {
  const began = performance.now();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'weir-demo-'));
  const nodes: NodeProcess[] = [];
  const logs = new Map<string, string[]>();
  let failure: Error | undefined;
  const interrupted = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  }).then(() => Promise.reject(new Unexpected('interrupted')));
  try {
    await Promise.race([play(folder, nodes, logs), interrupted]);
  } catch (error) {
    failure = error instanceof Error ? error : new Error('unknown');
  }
  for (const node of nodes.toReversed()) {
    if (!(await node.stop(stopBoundMs))) failure ??= new Unexpected(`the ${node.name} did not end when asked to`);
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  if (failure === undefined) {
    print(bold(`\nAs it should be, in ${((performance.now() - began) / 1000).toFixed(1)} s.`));
    return 0;
  }
  for (const [name, lines] of logs) {
    process.stderr.write(`--- last lines of the ${name} ---\n${lines.slice(-15).join('\n')}\n`);
  }
  process.stderr.write(`\nThe demo failed: ${failure.message}\n`);
  return 1;
}

process.exit(await main());
