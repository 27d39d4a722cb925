// What the set-up's steps share: sentences, progress, running a command with a bound.

import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** A failure that the user can do something about: its message is one sentence and is shown without a stack. */
export class SetupError extends Error {}

export function say(text) {
  process.stdout.write(`setup: ${text}\n`);
}

/** Says `title … 12 s` when `work` is done; meanwhile counts on a terminal, or shows a sign of life every ten seconds. */
export function step(title, work) {
  return stepTo(process.stdout, title, work);
}

export async function stepTo(stream, title, work) {
  const began = Date.now();
  const seconds = () => Math.round((Date.now() - began) / 1000);
  const terminal = stream.isTTY === true;
  const show = () => {
    if (terminal) stream.write(`\rsetup: ${title} … ${seconds()} s`);
    else if (seconds() > 0) stream.write(`setup: ${title} … (${seconds()} s so far)\n`);
  };
  if (terminal) show();
  const timer = setInterval(show, terminal ? 1000 : 10_000);
  const clear = () => {
    clearInterval(timer);
    if (terminal) stream.write('\r\u001b[K');
  };
  try {
    const result = await work();
    clear();
    stream.write(`setup: ${title} … ${seconds()} s\n`);
    return result;
  } catch (error) {
    clear();
    throw error;
  }
}

/**
 * Runs a command without a shell and resolves to `{ code, stdout, output }`; `code` is null when it was ended at the bound or
 * could not be started. It never rejects: each caller has its own sentence for a failure.
 */
export function run(command, args, { cwd, env = process.env, timeoutMs = 60_000, releaseMs = 5000 } = {}) {
  return new Promise((resolve) => {
    let stdout = '';
    let output = '';
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', (error) => resolve({ code: null, stdout, output: `${output}${error.message}\n` }));
    // What it has started may hold its pipes and not end with it.
    let release;
    child.on('exit', (code, signal) => {
      if (signal === 'SIGKILL') output += `(${command} was ended: no result after ${Math.round(timeoutMs / 1000)} s)\n`;
      release = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, releaseMs);
    });
    child.on('close', (code) => {
      clearTimeout(release);
      resolve({ code, stdout, output });
    });
  });
}

/** The last lines of a command's output, indented, to stand below the sentence that says what failed. */
export function tail(output, lines = 15) {
  const text = output.trimEnd().split('\n').slice(-lines).join('\n  ');
  return text === '' ? '' : `\n  ${text}`;
}

export function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** /usr/sbin and its like are added: Debian puts servers there, and only root has them in PATH. */
export function findOnPath(name) {
  const folders = [
    ...(process.env.PATH ?? '').split(path.delimiter),
    '/usr/local/sbin',
    '/usr/sbin',
    '/opt/homebrew/bin',
  ];
  for (const folder of folders) {
    if (folder === '') continue;
    const file = path.join(folder, name);
    if (isExecutable(file)) return file;
  }
  return undefined;
}
