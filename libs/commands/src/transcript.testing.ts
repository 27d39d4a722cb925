import { splitArgs } from '@weir/config';
import { TestEngine, latin1 } from './testing.ts';
import type { TestEngineOptions } from './testing.ts';

/** A line of commands, separated by ` ; `, that a fresh connection sends; and all that Redis answered. */
export type Exchange = readonly [line: string, reply: string];

/** What an engine answers to the line; nothing behind a command that closes the connection. */
export function play(
  line: string,
  options: TestEngineOptions & { readonly authenticated?: boolean; readonly resp?: 2 | 3 } = {},
): string {
  const engine = new TestEngine(options);
  engine.sessions.clear(); // the engine's own connection is nobody's here
  const connection = engine.session(options.resp);
  connection.session.authenticated = options.authenticated ?? true;
  let replies = '';
  for (const command of line.split(' ; ')) {
    const args = splitArgs(command);
    if (args === undefined) throw new Error(`unbalanced quotes: ${command}`);
    replies += latin1(connection.call(...args.map((arg) => Buffer.from(arg, 'latin1'))));
    if (connection.session.isEnding) break;
  }
  engine.verify();
  return replies;
}
