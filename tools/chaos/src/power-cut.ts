import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Rig, freePort, isAlive, sameDigest, signal, until } from '@weir/testkit';
import type { WeirNode } from '@weir/testkit';
import { DiskImage } from './disk-image.ts';
import { generator } from './generator.ts';
import { SizedLedger } from './sized-ledger.ts';

const help = `Cuts the power of a node under load, again and again: its processes end at one instant, and what they did not sync is gone.

  npm run chaos -- power-cut --cuts 60 --seed 1

  --cuts N          (60)
  --seed N          chooses what is cut when; not the timing of the rest (1)
  --appendfsync X   always, everysec or no (always)
  --moment NAME     only those; may be given several times: load, noted, start, snapshot, trimmed, rewrite, promote, shutdown
  --folder DIR      where the disk images stand (the folder for temporary files)
  --long MS         a load goes on for at most so long before the cut (2500)

With "always" nothing acknowledged may be missing, and no start may end in a refusal. With the others the end of the log may be missing, as
it is with Redis (with "everysec" about a second of it), and the run shows so that the method bites; but no start is refused either. Behind
"shutdown" nothing may be missing, whatever is chosen.
Needs root, loop devices and perl.
`;

const MOMENTS = ['load', 'noted', 'start', 'snapshot', 'trimmed', 'rewrite', 'promote', 'shutdown'] as const;
type Moment = (typeof MOMENTS)[number];

interface Result {
  readonly moment: Moment;
  readonly acknowledged: number;
  readonly lost: number;
  readonly ageMs: number;
  /** Empty, or how the start went wrong. */
  readonly refused: string;
  readonly warned: string;
}

const { values } = parseArgs({
  options: {
    cuts: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    appendfsync: { type: 'string', default: 'always' },
    moment: { type: 'string', multiple: true, default: [] },
    folder: { type: 'string', default: tmpdir() },
    long: { type: 'string', default: '2500' },
    help: { type: 'boolean', default: false },
  },
});

const IMAGE_MB = 3000;
/** A second, and what a sync takes. */
const EVERYSEC_MS = 2500;
/** Then a new disk: the data set grows all the time. */
const CUTS_PER_DISK = 4;
/** role.ts notes its position so often. */
const NOTE_MS = 5000;
const LEADS_MS = 45_000;

/** In a mount namespace of its own: the machine has been started again, as far as the node can tell. */
const BOOT_AS = 'mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && exec "$@"';

class Disk {
  readonly image: DiskImage;
  readonly rig = new Rig();
  readonly dir: string;
  readonly conf: string;
  readonly ledger: SizedLedger;
  readonly #random: () => number;
  node: WeirNode | null = null;
  readonly #bootId: string;
  #port = 0;
  #boots = 0;
  cutMs = 0;
  leadsMs = 0;

  constructor(folder: string, number: number, random: () => number) {
    this.image = new DiskImage(folder, `disk-${number}`, IMAGE_MB);
    this.#random = random;
    this.ledger = new SizedLedger(`d${number}`);
    process.prependOnceListener('exit', () => this.rig.killAll()); // before the disk goes
    this.#bootId = path.join(folder, 'boot_id');
    this.#boot();
    this.dir = path.join(this.image.folder, 'data');
    this.conf = path.join(this.image.folder, 'weir.conf');
    mkdirSync(this.dir);
  }

  async prepare(): Promise<void> {
    this.#port = await freePort();
    const lines = [
      `port ${this.#port}`,
      'bind 127.0.0.1',
      `dir ${this.dir}`,
      `appendfsync ${values.appendfsync}`,
      'snapshot-keep 1',
      'snapshot-log-bytes 8mb',
      'timeout 0',
    ];
    writeFileSync(this.conf, `${lines.join('\n')}\n`, { flush: true });
  }

  async #spawn(more: readonly string[] = []): Promise<WeirNode> {
    const node = await this.rig.node('node', {
      port: this.#port,
      dir: this.dir,
      args: [this.conf],
      more,
      under: ['unshare', '--mount', 'sh', '-c', BOOT_AS, 'sh', this.#bootId],
    });
    this.node = node.spawn();
    return this.node;
  }

  /** Starts the node and waits until it takes writes; '' or what keeps it from that. */
  async leads(): Promise<string> {
    const node = await this.#spawn();
    const began = performance.now();
    const end = began + LEADS_MS;
    let last = 'it does not listen';
    while (performance.now() < end) {
      if (!node.isRunning) return `it ended: ${(await node.ended()).said.slice(-600)}`;
      try {
        if ((await node.call('SET', 'probe', '1')) === 'OK') {
          this.leadsMs = Math.round(performance.now() - began);
          return '';
        }
      } catch (error) {
        last = (error as Error).message;
      }
      if (last.startsWith('MISCONF Weir refuses')) return last;
      await sleep(20);
    }
    return last;
  }

  async #pause(maxMs: number): Promise<void> {
    await sleep(this.#random() * maxMs);
  }

  /** All processes stop where they are, then the disk does, then they are ended. */
  async cut(): Promise<void> {
    const { node } = this;
    node?.note();
    const pids = node?.alivePids ?? [];
    // No wait: a thread that is within a sync stays there.
    for (const pid of pids) signal(pid, 'SIGSTOP');
    this.cutMs = performance.now();
    await this.image.cut();
    for (const pid of pids) signal(pid, 'SIGKILL');
    await until('the processes to be gone', () => pids.every((pid) => !isAlive(pid)), 5000);
    await node?.exited;
    await this.ledger.end();
    await until('the unmount', () => {
      this.image.unmount();
      return true;
    });
    this.#boot();
  }

  #boot(): void {
    writeFileSync(this.#bootId, `boot-${++this.#boots}\n`);
    this.image.mount();
  }

  readonly moments: Record<Moment, () => Promise<void>> = {
    load: async () => {
      this.ledger.begin(this.node!);
      await this.#pause(Number(values.long));
    },
    // Right behind the moment when it wrote down how far it knows its log, which may not be synced so far.
    noted: async () => {
      this.ledger.begin(this.node!);
      await sleep(NOTE_MS);
      await this.#pause(600);
    },
    start: async () => {
      // Killed without a cut before, so that the start has something to do.
      await this.node!.end();
      const node = await this.#spawn();
      this.ledger.begin(node);
      await this.#pause(8000);
    },
    snapshot: async () => {
      this.ledger.begin(this.node!);
      await this.#pause(500);
      await this.node!.call('BGSAVE').catch(() => undefined);
      await this.#pause(1500);
    },
    // The snapshot must be on the disk when what is in front of it is not any more.
    trimmed: async () => {
      const count = this.node!.logged(/trimmed the log/).length;
      this.ledger.begin(this.node!);
      await until('the log to be trimmed', () => this.node!.logged(/trimmed the log/).length > count, 20_000);
      await this.#pause(this.#random() < 0.6 ? 1200 : 6000);
    },
    rewrite: async () => {
      this.ledger.begin(this.node!);
      await this.#pause(200);
      void (async () => {
        for (let i = 1; this.node!.isRunning; i++) {
          await this.node!.call('CONFIG', 'SET', 'timeout', String(100_000 + i));
          if ((await this.node!.call('CONFIG', 'REWRITE')) === 'OK') this.rewritten = 100_000 + i;
        }
      })().catch(() => undefined);
      await this.#pause(600);
    },
    promote: async () => {
      // A slave with everything on a new folder of the disk; its master is elsewhere.
      await this.node!.end();
      const master = await this.rig.started(`master${performance.now()}`);
      rmSync(this.dir, { recursive: true });
      mkdirSync(this.dir);
      this.ledger.acknowledged.clear();
      const node = await this.#spawn(['--slaveof', '127.0.0.1', String(master.port)]);
      await until(
        'the slave to follow',
        async () => ((await node.call('ROLE')) as unknown[])[3] === 'connected',
        20_000,
      );
      this.ledger.begin(master);
      await sleep(300);
      await this.ledger.end();
      await sameDigest([master, node]);
      this.promoted = false;
      void node
        .call('REPLICAOF', 'NO', 'ONE')
        .then((reply) => (this.promoted = reply === 'OK'))
        .catch(() => undefined);
      this.beforePromotion = new Map(this.ledger.acknowledged);
      this.ledger.acknowledged.clear();
      this.ledger.begin(node);
      await this.#pause(4000);
    },
    shutdown: async () => {
      this.ledger.begin(this.node!);
      await this.#pause(1500);
      await this.node!.stop();
    },
  };
  rewritten = 0;
  promoted = false;
  beforePromotion: Map<string, number> | null = null;

  async close(): Promise<void> {
    await this.ledger.end().catch(() => undefined);
    await this.rig.end();
    this.image.remove();
  }
}

async function cut(disk: Disk, moment: Moment): Promise<Result> {
  const before = disk.ledger.acknowledged.size;
  await disk.moments[moment]();
  await disk.cut();
  const { size } = disk.ledger.acknowledged;
  if (disk.beforePromotion !== null) {
    // What the slave had counts when it was told that it is the master; otherwise it is still a slave's, which its master has.
    if (disk.promoted || size > 0) for (const [key, at] of disk.beforePromotion) disk.ledger.acknowledged.set(key, at);
    disk.beforePromotion = null;
  }
  const result = { moment, acknowledged: Math.max(0, size - (moment === 'promote' ? 0 : before)) };
  const refused = await disk.leads();
  if (refused !== '') return { ...result, lost: 0, ageMs: 0, refused, warned: '' };
  if (moment === 'rewrite' && disk.rewritten > 0) {
    const timeout = Number(/^timeout (\d+)$/m.exec(readFileSync(disk.conf, 'utf8'))?.[1]);
    if (timeout !== disk.rewritten && timeout !== disk.rewritten + 1)
      throw new Error(`CONFIG REWRITE said OK for ${disk.rewritten}, the file has ${timeout}`);
  }
  const lost = await disk.ledger.verify(disk.node!, disk.cutMs);
  const warned = disk.node!.logged(/had lost its end|the machine went down/)[0] ?? '';
  return { ...result, lost: lost.keys, ageMs: lost.ageMs, refused: '', warned };
}

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const folder = mkdtempSync(path.join(values.folder, 'weir-power-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const random = generator(Number(values.seed));
  const chosen = MOMENTS.filter((name) => values.moment.length === 0 || values.moment.includes(name));
  const results: Result[] = [];
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  let disk: Disk | null = null;
  try {
    for (let i = 0; i < Number(values.cuts); i++) {
      if (disk !== null && i % CUTS_PER_DISK === 0) {
        await disk.close();
        disk = null;
      }
      if (disk === null) {
        disk = new Disk(folder, i, random);
        await disk.prepare();
        const refused = await disk.leads();
        if (refused !== '') throw new Error(`the first start: ${refused}`);
      }
      const moment = random() < 0.4 && chosen.includes('load') ? 'load' : chosen[Math.floor(random() * chosen.length)]!;
      const result = await cut(disk, moment);
      results.push(result);
      const { leadsMs } = disk;
      const { acknowledged, lost, ageMs, refused, warned } = result;
      say(
        `${i + 1} ${moment}: ${acknowledged} acknowledged, ${lost} lost${lost > 0 ? ` (the oldest ${ageMs} ms before the cut)` : ''}, leads after ${leadsMs} ms${refused === '' ? '' : `, REFUSED: ${refused}`}${warned === '' ? '' : ` [${warned.slice(0, 300)}]`}`,
      );
      if (refused !== '') {
        disk.rig.showLogs();
        await disk.close();
        disk = null;
      }
    }
  } catch (error) {
    disk?.rig.showLogs();
    throw error;
  } finally {
    await disk?.close();
  }
  return report(results, say);
}

function report(results: readonly Result[], say: (text: string) => void): number {
  let bad = 0;
  for (const [moment, some] of Map.groupBy(results, (result) => result.moment)) {
    const sum = (of: (result: Result) => number): number => some.reduce((all, one) => all + of(one), 0);
    const refused = some.filter((one) => one.refused !== '').length;
    const lost = sum((one) => one.lost);
    say(
      `${moment}: ${some.length} cuts, ${sum((one) => one.acknowledged)} acknowledged, ${lost} lost in ${some.filter((one) => one.lost > 0).length} cuts (the oldest ${Math.max(...some.map((one) => one.ageMs))} ms before), ${refused} refused`,
    );
    bad += refused;
    if (values.appendfsync === 'always' || moment === 'shutdown') bad += lost;
    if (values.appendfsync === 'everysec') bad += some.filter((one) => one.ageMs > EVERYSEC_MS).length;
  }
  return bad > 0 ? 1 : 0;
}

for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(1));
process.exitCode = await main();
