import type { Request } from '@weir/resp';
import type { AclCategory } from './categories.ts';
import type { Context } from './context.ts';

/**
 * One command is one object: everything the server, its clients and its documentation know of a command stands here,
 * beside the handler. The fields are those of COMMAND INFO and COMMAND DOCS, in Redis's words.
 */
export interface Command {
  /** Lower case; of a subcommand its own word only ('get' of 'config'). */
  readonly name: string;
  /** Arguments with the name; negative: at least that many. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  /** ACL categories that stand in place of its group's. The flags' come to them: see categories.ts. */
  readonly acl?: readonly AclCategory[];
  /** Where its keys are; absent: it has none. See key-specs.ts. */
  readonly keySpecs?: readonly KeySpec[];
  readonly tips?: readonly string[];
  readonly docs: CommandDocs;
  /** Keys for COMMAND GETKEYS where the key specs do not tell, of the request that begins at argument `base`. */
  readonly getKeys?: (req: Request, base: number) => readonly KeyPosition[];
  /** Argument that is looked up inside the value of the first key (a member, a field): see lookahead.ts. */
  readonly member?: number;
  /** Absent on a container whose subcommands do the work. */
  readonly run?: (ctx: Context, req: Request) => void;
  readonly subcommands?: readonly Command[];
}

export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'pubsub'
  | 'noscript'
  | 'blocking'
  | 'loading'
  | 'stale'
  | 'skip_monitor'
  | 'skip_slowlog'
  | 'asking'
  | 'fast'
  | 'no_auth'
  | 'may_replicate'
  | 'no_mandatory_keys'
  | 'no_async_loading'
  | 'no_multi'
  | 'movablekeys'
  | 'allow_busy'
  | 'module'
  | 'protected'
  // Weir's own: waits for everything that is not committed yet, since it reads the whole data set.
  | 'whole_keyspace'
  // Weir's own: goes on while the data set cannot be loaded (Context.dataRefusal), since it may be the way out.
  | 'in_trouble';

export interface KeyPosition {
  /** Argument of the whole request. */
  readonly index: number;
  readonly flags: readonly string[];
}

export interface KeySpec {
  readonly notes?: string;
  readonly flags: readonly string[];
  readonly begin: { readonly index: number } | { readonly keyword: string; readonly from: number } | 'unknown';
  readonly find:
    | { readonly last: number; readonly step: number; readonly limit: number }
    | { readonly keynumIndex: number; readonly first: number; readonly step: number }
    | 'unknown';
}

export interface CommandDocs {
  readonly summary: string;
  readonly since: string;
  readonly group: string;
  readonly complexity?: string;
  readonly deprecatedSince?: string;
  readonly replacedBy?: string;
  readonly docFlags?: readonly string[];
  readonly history?: readonly (readonly [version: string, change: string])[];
  readonly arguments?: readonly CommandArgument[];
}

export interface CommandArgument {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'double' | 'key' | 'pattern' | 'unix-time' | 'pure-token' | 'oneof' | 'block';
  readonly keySpec?: number;
  readonly token?: string;
  readonly summary?: string;
  readonly since?: string;
  readonly deprecatedSince?: string;
  readonly flags?: readonly ('optional' | 'multiple' | 'multiple_token')[];
  readonly value?: string;
  readonly arguments?: readonly CommandArgument[];
}
