import { createInterface } from 'node:readline/promises';
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { ReplyParser, encodeCommand } from '@weir/resp';
import type { Reply } from '@weir/resp';

/**
 * `weir-server repair`: WEIR REPAIR of a running node from a shell, plan first. It says what would be done, asks, and does it.
 *
 *   weir-server repair [-h HOST] [-p PORT] [-a PASSWORD] [--user NAME] [--yes] [CUT | SKIP | SNAPSHOT id | MEMORY | EMPTY | DISCARD | FORGET id]
 */
const USAGE = `usage: weir-server repair [-h HOST] [-p PORT] [-a PASSWORD] [--user NAME] [--yes] [ACTION]

Without an action: what keeps the node from its role, and what is there. Actions (docs/operations.md says which one when):
  CUT            begin a new log with everything up to the first damaged record
  SKIP           begin a new log with everything but the damaged records
  SNAPSHOT id    begin a new log with that snapshot
  MEMORY         begin a new log with the data set that the node holds
  EMPTY          begin a new, empty log
  DISCARD        give up what the node knows beyond its log, and take the log as it is
  FORGET id      remove a snapshot
`;

const ANSWER_MS = 30 * 60_000;

/** Resolves with the exit code. */
export async function runRepair(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parse(argv);
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  const call = (...args: string[]): Promise<string[]> =>
    ask(values.host ?? '127.0.0.1', Number(values.port ?? 6379), values.user, values.pass, ['WEIR', 'REPAIR', ...args]);
  try {
    for (const line of await call(...positionals)) process.stdout.write(`${line}\n`);
    if (positionals.length === 0 || !(values.yes === true || (await agreed()))) return 0;
    for (const line of await call(...positionals, 'CONFIRM')) process.stdout.write(`${line}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 1;
  }
}

function parse(argv: readonly string[]): ReturnType<typeof parseOptions> {
  try {
    return parseOptions(argv);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`);
    process.exit(1);
  }
}

function parseOptions(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      host: { type: 'string', short: 'h' },
      port: { type: 'string', short: 'p' },
      pass: { type: 'string', short: 'a' },
      user: { type: 'string' },
      yes: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
}

async function agreed(): Promise<boolean> {
  if (!process.stdin.isTTY) {
    process.stdout.write('nothing was changed: say --yes to do it\n');
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Type yes to do it: ');
  terminal.close();
  return answer.trim().toLowerCase() === 'yes';
}

/** The lines of the answer. Rejects with the node's error, or with why it cannot be asked. */
function ask(
  host: string,
  port: number,
  user: string | undefined,
  password: string | undefined,
  command: readonly string[],
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const parser = new ReplyParser();
    const auth = password === undefined ? null : user === undefined ? ['AUTH', password] : ['AUTH', user, password];
    const requests = auth === null ? [command] : [auth, command];
    let waiting = requests.length;
    const socket = connect({ host, port });
    const timer = setTimeout(() => end(new Error('no answer')), ANSWER_MS);
    const end = (result: Error | string[]): void => {
      clearTimeout(timer);
      socket.destroy();
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
    socket.on('error', (error) => end(new Error(`${host}:${port} cannot be reached: ${error.message}`)));
    socket.on('close', () => end(new Error(`${host}:${port} closed the connection`)));
    socket.on('connect', () => {
      for (const request of requests) socket.write(encodeCommand(request));
    });
    socket.on('data', (chunk: Buffer) => {
      parser.feed(chunk);
      for (let reply = parser.next(); reply !== undefined; reply = parser.next()) {
        if (reply.type === 'error') return end(new Error(reply.value));
        if (--waiting === 0) return end(linesOf(reply));
      }
    });
  });
}

function linesOf(reply: Reply): string[] {
  if (reply.type !== 'array') return [];
  return reply.value.map((item) => (item.type === 'bulk' ? Buffer.from(item.value).toString() : item.type));
}
