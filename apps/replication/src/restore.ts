import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openLog } from '@weir/cluster';
import { runProgram } from '@weir/program';
import { restoreToFile } from '@weir/replica';
import type { RestorePoint } from '@weir/replica';
import { wallClockMs } from '@weir/time';
import { locateLog } from './locate.ts';
import { settingsOf } from './options.ts';

const USAGE = `usage: weir-server restore --into FOLDER [--sequence N | --time T | --snapshot ID] --replicaof HOST PORT [redis.conf options]

Writes the data set as it was to FOLDER/dump.rdb; a node that is started in that folder begins a log of its own with it:
  weir-server --dir FOLDER --port 6390
The log that it is read from, and its nodes, are not touched. FOLDER has to be empty, or absent.

  --sequence N     after that message of the log. Without any of the three: all that the log holds now
  --time T         after the last message stored by then: 2026-11-30T12:00:00Z, or milliseconds since 1970
  --snapshot ID    as that snapshot has it
  --replicaof HOST PORT, or --nats-url URL [--weir-cluster NAME]     which log; with --masterauth where the node wants it
`;

const CONNECT_MS = 10_000;
/** Not more often than a person, or a dashboard, looks. */
const TELL_MS = 250;

interface Own {
  into: string;
  sequence: string;
  time: string;
  snapshot: string;
}

/**
 * `weir-server restore`: ends the process with 0 when the file is whole. A parent with an IPC channel is told `{ progress }`, then `{ restored }` or `{ problem }`,
 * and takes the process with it when it goes.
 */
export async function runRestore(argv: readonly string[]): Promise<void> {
  const { own, rest } = ownOptions(argv);
  if (rest.includes('--help') || own.into === '') {
    (rest.includes('--help') ? process.stdout : process.stderr).write(USAGE);
    process.exit(rest.includes('--help') ? 0 : 1);
  }
  const logId = process.env['WEIR_LOG_ID'] ?? '';
  delete process.env['WEIR_LOG_ID'];
  const ending = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => ending.abort(new Error('asked to stop')));
  process.once('disconnect', () => process.exit(1));
  const tell = (message: object): void => void process.send?.(message);
  await runProgram(
    'weir-restore',
    async ({ config, logger }) => {
      const { signal } = ending;
      try {
        const point = pointOf(own);
        const folder = resolve(own.into);
        await mkdir(folder, { recursive: true });
        if ((await readdir(folder)).length > 0) throw new Error(`${folder} is not empty: a restore is never in place`);
        const place = await locateLog({ config, logId, logger, signal, patient: false, reads: true });
        const opened = await openLog(place, { name: 'weir restore', logger, firstConnectMs: CONNECT_MS, signal });
        let toldMs = 0;
        const path = join(folder, 'dump.rdb');
        const restored = await restoreToFile(path, {
          log: opened.log,
          snapshots: opened.snapshots,
          point: point ?? { kind: 'sequence', seq: (await opened.log.state()).lastSeq },
          newKeyspace: settingsOf(config).newKeyspace,
          logger,
          nowMs: wallClockMs(),
          signal,
          onProgress: (progress) => {
            const nowMs = performance.now();
            if (nowMs - toldMs < TELL_MS) return;
            toldMs = nowMs;
            tell({ progress });
            logger.info({ ...progress }, 'restoring');
          },
        });
        await opened.close();
        logger.info(
          { file: path, ...restored },
          `restored; a node begins with it: weir-server --dir ${folder} --port PORT`,
        );
        if (process.send === undefined) process.exit(0);
        process.send({ restored }, () => process.exit(0));
        return { stop: async () => undefined };
      } catch (error) {
        tell({ problem: (error as Error).message });
        throw error;
      }
    },
    rest,
  );
}

function ownOptions(argv: readonly string[]): { own: Own; rest: string[] } {
  const own: Own = { into: '', sequence: '', time: '', snapshot: '' };
  const rest: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const name = argv[i]!.replace(/^--/, '') as keyof Own;
    if (argv[i]!.startsWith('--') && name in own) own[name] = argv[++i] ?? '';
    else rest.push(argv[i]!);
  }
  return { own, rest };
}

/** Null: none is named. Throws with a sentence. */
export function pointOf({ sequence, time, snapshot }: Omit<Own, 'into'>): RestorePoint | null {
  if ([sequence, time, snapshot].filter((one) => one !== '').length > 1)
    throw new Error('restore to which point? Give one of --sequence, --time and --snapshot');
  if (snapshot !== '') return { kind: 'snapshot', id: snapshot };
  if (sequence !== '') {
    const seq = Number(sequence);
    if (!Number.isSafeInteger(seq) || seq < 0) throw new Error(`${sequence} is no sequence`);
    return { kind: 'sequence', seq };
  }
  if (time === '') return null;
  const ms = /^\d{9,}$/.test(time) ? Number(time) : Date.parse(time);
  if (!Number.isFinite(ms)) throw new Error(`${time} is no time: 2026-11-30T12:00:00Z, or milliseconds since 1970`);
  return { kind: 'time', ms };
}
