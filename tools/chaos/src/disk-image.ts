/**
 * A disk that can lose its power: a file with ext4 on it, mounted by a loop device.
 *
 * What a program writes stays in the page cache of the kernel until somebody syncs it or until it is old; only then is it in the file. `cut`
 * shuts the file system down as it stands, with the ioctl that xfstests uses to simulate power failures: from that moment nothing reaches
 * the file any more, not even the open transaction of the journal. What was only in the cache goes with the mount, and the next mount replays
 * the journal, as after a real power cut. To copy the file instead would take its time, and the copy would mix many moments.
 *
 * Needs root, loop devices and perl (Node has no ioctl).
 */

import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Waits for a line, so that a cut takes no time to start: EXT4_IOC_SHUTDOWN with "do not flush the log". */
const CUTTER = `$| = 1; my $how = pack('L', 2); while (my $dir = <STDIN>) { chomp $dir; open(my $f, '<', $dir) or die $!;
ioctl($f, 0x8004587d, $how) or die $!; close($f); print "cut\\n"; }`;
/** Seconds between two commits of the journal that nobody asked for, as it is usual: what was removed is gone then, what was written is not there yet. */
const COMMIT_SECONDS = 5;

export class DiskImage {
  readonly folder: string;
  readonly #file: string;
  readonly #cutter: ChildProcess;
  #mounted = false;

  constructor(folder: string, name: string, megabytes: number) {
    this.#file = path.join(folder, `${name}.img`);
    this.folder = path.join(folder, name);
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(this.#file, '');
    truncateSync(this.#file, megabytes * 2 ** 20);
    execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', this.#file]);
    this.#cutter = spawn('perl', ['-e', CUTTER], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#cutter.unref();
    // Before others remove the folder that it stands in.
    process.prependOnceListener('exit', this.#atExit);
  }

  mount(): void {
    const options = `loop,noatime,commit=${COMMIT_SECONDS}`;
    execFileSync('mount', ['-t', 'ext4', '-o', options, this.#file, this.folder]);
    this.#mounted = true;
  }

  /** The power is gone when this resolves. Whoever still has files open there gets errors. */
  async cut(): Promise<void> {
    const done = once(this.#cutter.stdout!, 'data');
    this.#cutter.stdin!.write(`${this.folder}\n`);
    await done;
  }

  /**
   * Throws while somebody still has a file open there; to be called again then. A process whose end is known may have threads that live on for a
   * moment, in a mount namespace of their own: as long as the loop device is there, a mount would be given the one that is dead.
   */
  unmount(): void {
    if (this.#mounted) execFileSync('umount', [this.folder], { stdio: 'pipe' });
    this.#mounted = false;
    const device = execFileSync('losetup', ['--associated', this.#file], { encoding: 'utf8' });
    if (device !== '') throw new Error(`still in use: ${device}`);
  }

  remove(): void {
    process.off('exit', this.#atExit);
    this.#cutter.kill('SIGKILL');
    // Lazily: where somebody still has a file open, it is gone when he is.
    if (this.#mounted) execFileSync('umount', ['-l', this.folder]);
    this.#mounted = false;
    rmSync(this.#file, { force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }

  readonly #atExit = (): void => this.remove();
}
