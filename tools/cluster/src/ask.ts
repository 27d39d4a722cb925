import { createConnection } from 'node:net';

/** The whole answer to one inline command, or undefined when there is none within `boundMs`. A bulk string comes as its text. */
export function ask(port: number, command: string, boundMs = 500): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    let text = '';
    const finish = (answer: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => finish(undefined), boundMs);
    socket.on('connect', () => socket.write(`${command}\r\n`));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n');
      if (end < 0) return;
      if (!text.startsWith('$')) finish(text.slice(0, end));
      else if (text.length >= end + 4 + Number(text.slice(1, end))) finish(text.slice(end + 2, -2));
    });
    socket.on('error', () => finish(undefined));
    socket.on('close', () => finish(undefined));
  });
}

export interface EngineView {
  readonly name: string;
  readonly role: 'master' | 'slave' | 'unknown';
  readonly epoch: number;
  readonly link: string;
  readonly offset: number;
}

/** What an engine says of itself now. */
export async function look(name: string, port: number): Promise<EngineView> {
  const text = (await ask(port, 'INFO everything')) ?? '';
  const field = (key: string): string => new RegExp(`^${key}:(.*?)\\r?$`, 'm').exec(text)?.[1] ?? '';
  const role = field('role');
  return {
    name,
    role: role === 'master' || role === 'slave' ? role : 'unknown',
    epoch: Number(field('log_epoch') || 0),
    link: role === 'slave' ? field('master_link_status') : '',
    offset: Number(field('master_repl_offset') || 0),
  };
}
