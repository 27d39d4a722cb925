import { spawn } from 'node:child_process';
import path from 'node:path';

/** The folder with redis-server and its tools to put in front of PATH, or undefined when PATH has them; throws when there are none. */
export function provideRedis(root: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const script = path.join(root, 'tools/bootstrap/redis.mjs');
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0) reject(new Error('tests compare with real Redis, which is missing'));
      else resolve(output.trim() === '' ? undefined : output.trim());
    });
  });
}
