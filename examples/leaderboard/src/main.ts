import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { connectMaster, connectSlave, parseAddress } from './connect.ts';
import { runDemo } from './demo.ts';
import { leaderboardServer } from './http.ts';
import { Leaderboard } from './leaderboard.ts';

const help = `A game's leaderboard on a Weir master and its slave.

  npm run leaderboard                        plays two seasons and prints them
  npm run leaderboard -- --seconds 60        the same, slowly: time to kill a node meanwhile
  npm run leaderboard -- serve               the score service over HTTP, on 127.0.0.1:8080

  --master HOST:PORT   where scores are written (LEADERBOARD_MASTER, or WEIR_PORT as npm start has it; 127.0.0.1:6379)
  --slave HOST:PORT    where they are read (LEADERBOARD_SLAVE, or WEIR_SLAVE_PORT; 127.0.0.1:6380)
  --port N             of the service (8080)
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    master: { type: 'string' },
    slave: { type: 'string' },
    port: { type: 'string', default: '8080' },
    seconds: { type: 'string', default: '0' },
    help: { type: 'boolean', default: false },
  },
});

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const { env } = process;
  const [what = 'demo'] = positionals;
  if (values.help || (what !== 'demo' && what !== 'serve')) {
    process.stdout.write(help);
    return values.help ? 0 : 1;
  }
  const masterAddress = parseAddress(values.master ?? env['LEADERBOARD_MASTER'] ?? env['WEIR_PORT'] ?? '6379');
  const slaveAddress = parseAddress(values.slave ?? env['LEADERBOARD_SLAVE'] ?? env['WEIR_SLAVE_PORT'] ?? '6380');
  let ending = false;
  const report = (text: string): void => void (ending || process.stderr.write(`(${text})\n`));
  const master = connectMaster(masterAddress, report);
  const slave = connectSlave(slaveAddress, report);
  try {
    // Reads of a slave that is not connected yet would go to the master.
    await Promise.all([once(master, 'ready', within(5000)), once(slave, 'ready', within(5000))]).catch(() => {
      throw new Error(
        `no master at ${masterAddress.host}:${masterAddress.port} or no slave at ${slaveAddress.host}:${slaveAddress.port}; npm start, in another terminal, starts both`,
      );
    });
    if (what === 'demo') {
      await runDemo({ master, slave, print, seconds: Number(values.seconds) });
      return 0;
    }
    const server = leaderboardServer(new Leaderboard({ master, slave }));
    server.listen(Number(values.port), '127.0.0.1');
    await once(server, 'listening');
    print(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    });
    server.close();
    return 0;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 1;
  } finally {
    ending = true;
    master.disconnect();
    slave.disconnect();
  }
}

function within(ms: number): { signal: AbortSignal } {
  return { signal: AbortSignal.timeout(ms) };
}

process.exitCode = await main();
