// `npm start`: a master and a slave of it, until Ctrl-C. The master brings the embedded nats-server and the replication app along
// as children of its own. Ports: 6379 and 6380, or WEIR_PORT and WEIR_SLAVE_PORT. Data: ./data/<port> in the checkout, and there
// each node's weir.conf, a copy of conf/6379.conf: CONFIG REWRITE writes into it. The admin app beside them takes port 8379, or WEIR_ADMIN_PORT,
// or a free one where 8379 is in use; data/admin-<port>/tokens has the token that lets change things.

import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { checkoutRoot } from '@weir/toolchain';
import { peopleFormat } from '@weir/telemetry';

import { isPortFree, startNode, untilItAnswers } from './nodes.ts';
import type { NodeProcess } from './nodes.ts';

/** Generous: a master rebuilds a large data set before it answers. */
const startBoundMs = 120_000;
const stopBoundMs = 20_000;
const adminPortDefault = 8379;

const root = checkoutRoot();
const people = process.stdout.isTTY === true;
const colors = people && (process.env['NO_COLOR'] ?? '') === '';

const paint = (color: number, text: string): string => (colors ? `\u001b[${color}m${text}\u001b[0m` : text);
const tell = (text: string): void => void process.stdout.write(`${paint(1, 'weir')}: ${text}\n`);
// A terminal that was closed cannot be written to; the nodes are to be ended all the same.
process.stdout.on('error', () => undefined);

/** Prints a node's lines: to a terminal as people read them; to a pipe as JSON, for a program, with the node's name in it. */
function printer(name: string, color: number): (line: string) => void {
  const label = paint(color, name);
  const format = peopleFormat({ node: label, colors });
  return (line) => {
    const json = line.startsWith('{"');
    const text = people && json ? format(line) : json ? `{"node":"${name}",${line.slice(1)}` : `${label}: ${line}`;
    process.stdout.write(`${text}\n`);
  };
}

function portFrom(variable: string, fallback: number): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error(`${variable} is not a port: ${text}`);
  return port;
}

function start(name: string, color: number, port: number, more: readonly string[]): NodeProcess {
  const dir = path.join(root, 'data', String(port));
  mkdirSync(dir, { recursive: true });
  const file = path.join(dir, 'weir.conf');
  if (!existsSync(file)) copyFileSync(path.join(root, 'conf/6379.conf'), file);
  const args = [file, '--port', String(port), '--dir', dir, ...more];
  return startNode({ name, args, cwd: root, onLine: printer(name, color) });
}

/** Its own tokens are made once. What it prints is told of; that it ends is said, and the nodes go on. */
function startAdmin(masterPort: number, port: number, onUrl: (url: string) => void): NodeProcess {
  const dir = path.join(root, `data/admin-${masterPort}`);
  mkdirSync(dir, { recursive: true });
  const tokens = path.join(dir, 'tokens');
  if (!existsSync(tokens)) {
    const [operate, read] = [randomBytes(24).toString('base64url'), randomBytes(24).toString('base64url')];
    writeFileSync(tokens, `operate ${operate} operator\nread ${read} reader\n`, { mode: 0o600 });
  }
  const print = printer('admin', 33);
  let told = false;
  return startNode({
    name: 'admin app',
    script: 'apps/admin/src/main.ts',
    // A password that its file sets is the admin app's as well.
    args: [
      ...[path.join(root, 'data', String(masterPort), 'weir.conf'), '--logfile', '', '--dir', dir],
      ...['--replicaof', '127.0.0.1', String(masterPort), '--admin-port', String(port)],
      ...['--admin-token-file', tokens],
    ],
    cwd: root,
    onLine: (line) => {
      print(line);
      const [, url] = /"url":"(http:[^"]+)"/.exec(line) ?? [];
      if (told || url === undefined) return;
      told = true;
      onUrl(url);
    },
  });
}

async function main(): Promise<number> {
  const port = portFrom('WEIR_PORT', 6379);
  const slavePort = portFrom('WEIR_SLAVE_PORT', 6380);
  const adminPort = portFrom('WEIR_ADMIN_PORT', adminPortDefault);
  if (port === slavePort)
    throw new Error(`master and slave need a port each, not ${port} for both: WEIR_SLAVE_PORT=… npm start`);
  // The nodes are told on the command line; to them WEIR_SLAVE_PORT would be a directive that they do not know.
  delete process.env.WEIR_PORT;
  delete process.env.WEIR_SLAVE_PORT;
  const adminChosen = process.env.WEIR_ADMIN_PORT !== undefined && process.env.WEIR_ADMIN_PORT !== '';
  delete process.env.WEIR_ADMIN_PORT;
  for (const [variable, number] of [
    ['WEIR_PORT', port],
    ['WEIR_SLAVE_PORT', slavePort],
    ...(adminChosen ? ([['WEIR_ADMIN_PORT', adminPort]] as const) : []),
  ] as const) {
    if (!(await isPortFree(number))) {
      throw new Error(`port ${number} is in use; end the server there, or choose another one: ${variable}=… npm start`);
    }
  }

  let stopping = false;
  let stopAsked: (() => void) | undefined;
  const stopRequest = new Promise<undefined>((resolve) => (stopAsked = () => resolve(undefined)));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!stopping) tell('ending …');
      stopping = true;
      stopAsked?.();
    });
  }

  const nodes: NodeProcess[] = [];
  const run = async (): Promise<NodeProcess | undefined> => {
    const master = start('master', 36, port, []);
    nodes.push(master);
    await untilItAnswers(master, port, startBoundMs);
    if (stopping) return undefined;
    const slave = start('slave', 35, slavePort, ['--slaveof', '127.0.0.1', String(port)]);
    nodes.push(slave);
    await untilItAnswers(slave, slavePort, startBoundMs);
    tell(`ready: redis-cli -p ${port} (master), redis-cli -p ${slavePort} (slave); Ctrl-C ends all`);
    const ports = port === 6379 && slavePort === 6380 ? '' : `WEIR_PORT=${port} WEIR_SLAVE_PORT=${slavePort} `;
    const admin = startAdmin(port, adminChosen || (await isPortFree(adminPort)) ? adminPort : 0, (url) =>
      tell(`dashboard: ${url}/; a token: awk '{print $2; exit}' data/admin-${port}/tokens`),
    );
    nodes.push(admin);
    void admin.ended.then((how) => {
      if (!stopping && master.isRunning() && slave.isRunning())
        tell(`the admin app ended with ${how}; the nodes go on`);
    });
    tell(`an example, from another terminal: ${ports}npm run leaderboard (see examples/leaderboard)`);
    return Promise.race([master, slave].map(async (node) => node.ended.then(() => node)));
  };

  let failed = false;
  try {
    const dead = await Promise.race([run(), stopRequest]);
    if (dead !== undefined && !stopping) {
      tell(`the ${dead.name} ended with ${await dead.ended}`);
      failed = true;
    }
  } catch (error) {
    if (!stopping) {
      tell(error instanceof Error ? error.message : String(error));
      failed = true;
    }
  }
  // The slave first: it would only complain about a master that goes before it.
  for (const node of nodes.toReversed()) {
    if (!(await node.stop(stopBoundMs))) {
      tell(`the ${node.name} did not end within ${stopBoundMs / 1000} s and was killed`);
      failed = true;
    }
  }
  return failed ? 1 : 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
