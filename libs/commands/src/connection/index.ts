import type { Command } from '../core/command.ts';
import { auth } from './auth.ts';
import { client } from './client.ts';
import { hello } from './hello.ts';
import { echo, ping } from './ping.ts';
import { quit, reset } from './quit.ts';
import { select } from './select.ts';

/** Group connection. */
export const connectionCommands: readonly Command[] = [auth, client, echo, hello, ping, quit, reset, select];
