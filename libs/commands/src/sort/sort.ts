/**
 * SORT: load the elements, weigh them (look up what BY names), sort, look up what GET names. The order is Redis's to the last tie for
 * lists; members of sets and sorted sets that compare as equal come in an order of our own. With STORE that order does not
 * depend on the table that a set is kept in, so that a replica comes to the same list.
 */

import {
  ENC_QUICKLIST,
  Element,
  TYPE_LIST,
  TYPE_SET,
  TYPE_ZSET,
  events,
  lists,
  sets,
  typeOf,
  zsets,
} from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Request } from '@weir/resp';
import { SYNTAX_ERROR, integerArg, isWord } from '../core/args.ts';
import type { Command, KeyPosition } from '../core/command.ts';
import { WRONG_TYPE } from '../core/context.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { Pattern } from './pattern.ts';
import { Vector } from './vector.ts';

export const sort: Command = {
  name: 'sort',
  arity: -2,
  flags: ['write', 'denyoom', 'movablekeys'],
  acl: ['set', 'sortedset', 'list', 'dangerous'],
  keySpecs: [
    oneKey('RO', 'access'),
    {
      notes:
        "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort",
      flags: ['RO', 'access'],
      begin: 'unknown',
      find: 'unknown',
    },
    {
      notes:
        "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array",
      flags: ['OW', 'update'],
      begin: 'unknown',
      find: 'unknown',
    },
  ],
  docs: {
    summary: 'Sort the elements in a list, set or sorted set',
    since: '1.0.0',
    group: 'generic',
    complexity:
      'O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N).',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'pattern', type: 'pattern', keySpec: 1, token: 'BY', flags: ['optional'] },
      {
        name: 'offset_count',
        type: 'block',
        token: 'LIMIT',
        flags: ['optional'],
        arguments: [
          { name: 'offset', type: 'integer' },
          { name: 'count', type: 'integer' },
        ],
      },
      { name: 'pattern', type: 'pattern', keySpec: 1, token: 'GET', flags: ['optional', 'multiple', 'multiple_token'] },
      {
        name: 'order',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'asc', type: 'pure-token', token: 'ASC' },
          { name: 'desc', type: 'pure-token', token: 'DESC' },
        ],
      },
      { name: 'sorting', type: 'pure-token', token: 'ALPHA', flags: ['optional'] },
      { name: 'destination', type: 'key', keySpec: 2, token: 'STORE', flags: ['optional'] },
    ],
  },
  getKeys,
  run(ctx, req) {
    sortKey(ctx, req, sort);
  },
};

export const sortRo: Command = {
  name: 'sort_ro',
  arity: -2,
  flags: ['readonly', 'movablekeys'],
  acl: ['set', 'sortedset', 'list', 'dangerous'],
  keySpecs: [
    oneKey('RO', 'access'),
    {
      notes:
        "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort",
      flags: ['RO', 'access'],
      begin: 'unknown',
      find: 'unknown',
    },
  ],
  docs: {
    summary: 'Sort the elements in a list, set or sorted set. Read-only variant of SORT.',
    since: '7.0.0',
    group: 'generic',
    complexity:
      'O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N).',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'pattern', type: 'pattern', keySpec: 1, token: 'BY', flags: ['optional'] },
      {
        name: 'offset_count',
        type: 'block',
        token: 'LIMIT',
        flags: ['optional'],
        arguments: [
          { name: 'offset', type: 'integer' },
          { name: 'count', type: 'integer' },
        ],
      },
      { name: 'pattern', type: 'pattern', keySpec: 1, token: 'GET', flags: ['optional', 'multiple', 'multiple_token'] },
      {
        name: 'order',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'asc', type: 'pure-token', token: 'ASC' },
          { name: 'desc', type: 'pure-token', token: 'DESC' },
        ],
      },
      { name: 'sorting', type: 'pure-token', token: 'ALPHA', flags: ['optional'] },
    ],
  },
  getKeys: (_req, base) => [{ index: base + 1, flags: ['RO', 'access'] }],
  run(ctx, req) {
    sortKey(ctx, req, sortRo);
  },
};

/** As Redis tells them: the key, and the last STORE there is, whatever stands around it. */
function getKeys(req: Request, base: number): readonly KeyPosition[] {
  let store = 0;
  for (let i = base + 2; i < req.argc; i++) {
    if (isWord(req, i, 'limit')) i += 2;
    else if (isWord(req, i, 'get') || isWord(req, i, 'by')) i++;
    else if (isWord(req, i, 'store') && i + 1 < req.argc) store = i + 1;
  }
  const keys: KeyPosition[] = [{ index: base + 1, flags: ['RO', 'access'] }];
  if (store !== 0) keys.push({ index: store, flags: ['OW', 'update'] });
  return keys;
}

const listIterator = new lists.ListIterator();
const setIterator = new sets.SetIterator();
const cursor = new zsets.Cursor();
const element = new Element();
const value = new Element();

interface Options {
  descending: boolean;
  alpha: boolean;
  /** BY a constant: the elements stay in their order. */
  unsorted: boolean;
  by: Pattern | null;
  readonly get: Pattern[];
  offset: number;
  count: number;
  /** Argument of the key; 0: none. */
  store: number;
}

/** Null: answered with the error. */
function readOptions(ctx: Context, req: Request, command: Command): Options | null {
  const mayStore = command === sort;
  const options: Options = {
    descending: false,
    alpha: false,
    unsorted: false,
    by: null,
    get: [],
    offset: 0,
    count: -1,
    store: 0,
  };
  for (let i = 2; i < req.argc; i++) {
    const left = req.argc - i - 1;
    if (isWord(req, i, 'asc')) options.descending = false;
    else if (isWord(req, i, 'desc')) options.descending = true;
    else if (isWord(req, i, 'alpha')) options.alpha = true;
    else if (left >= 2 && isWord(req, i, 'limit')) {
      options.offset = integerArg(ctx, ++i);
      if (options.offset !== options.offset) return null;
      options.count = integerArg(ctx, ++i);
      if (options.count !== options.count) return null;
    } else if (left >= 1 && mayStore && isWord(req, i, 'store')) options.store = ++i;
    else if (left >= 1 && isWord(req, i, 'by')) {
      i++;
      options.by = new Pattern(req.buf, req.off(i), req.len(i));
      if (!options.by.hasStar) options.unsorted = true;
      else if (!mayLookUp(ctx, req, command, 'BY')) return null;
    } else if (left >= 1 && isWord(req, i, 'get')) {
      i++;
      if (!mayLookUp(ctx, req, command, 'GET')) return null;
      options.get.push(new Pattern(req.buf, req.off(i), req.len(i)));
    } else {
      ctx.reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  return options;
}

/** What BY and GET read follows from data: only who may read every key may use them. Else that is answered. */
function mayLookUp(ctx: Context, req: Request, command: Command, option: string): boolean {
  const { user } = ctx.session;
  if (user === null || ctx.acl.checker.mayReadAll(user, command, req)) return true;
  ctx.reply.error(`ERR ${option} option of SORT denied due to insufficient ACL permissions.`);
  return false;
}

function sortKey(ctx: Context, req: Request, command: Command): void {
  const options = readOptions(ctx, req, command);
  if (options === null) return;
  const ref = ctx.lookupRead(1);
  const type = ref === 0 ? TYPE_LIST : typeOf(ctx.arena, ref);
  if (type !== TYPE_LIST && type !== TYPE_SET && type !== TYPE_ZSET) {
    ctx.reply.error(WRONG_TYPE);
    return;
  }
  if (options.unsorted && type === TYPE_SET && options.store !== 0) {
    options.unsorted = false;
    options.alpha = true;
    options.by = null;
  }
  const { descending, alpha, unsorted, by } = options;
  const size = sizeOf(ctx, ref, type);
  let start = Math.min(Math.max(options.offset, 0), size);
  const count = Math.min(Math.max(options.count, -1), size);
  let end = count < 0 ? size : Math.min(size, start + count);

  let vector: Vector;
  if (unsorted) {
    // Only what is wanted, in the order that the value has.
    const n = Math.max(0, end - start);
    vector = type === TYPE_SET ? load(ctx, ref, type, 0, size, false) : load(ctx, ref, type, start, n, descending);
    if (type !== TYPE_SET) {
      start = 0;
      end = n;
    }
  } else {
    vector = load(ctx, ref, type, 0, size, false);
    if (type === TYPE_SET && options.store !== 0) vector.sortByElement();
    if (alpha) vector.weighAsBytes(ctx, by, options.store === 0);
    else if (!vector.weighAsNumbers(ctx, by)) {
      ctx.reply.error("ERR One or more scores can't be converted into double");
      return;
    }
    vector.sort(descending, by !== null && (start !== 0 || end !== size), start, end - 1);
  }
  if (options.store === 0) replyElements(ctx, vector, options.get, start, end);
  else storeElements(ctx, vector, options, start, end);
}

function sizeOf(ctx: Context, ref: Ref, type: number): number {
  if (ref === 0) return 0;
  if (type === TYPE_LIST) return lists.length(ctx.space, ref);
  return type === TYPE_SET ? sets.size(ctx.space, ref) : zsets.size(ctx.space, ref);
}

/** `n` elements of a list or sorted set, from the `start`th on, counted from the end if `backward`; all of a set. */
function load(ctx: Context, ref: Ref, type: number, start: number, n: number, backward: boolean): Vector {
  const { space } = ctx;
  const vector = new Vector(ctx, n);
  if (n === 0) return vector;
  const first = backward ? sizeOf(ctx, ref, type) - 1 - start : start;
  if (type === TYPE_LIST) {
    listIterator.start(space, ref, first, backward);
    while (vector.size < n && listIterator.next(element)) vector.add(element);
  } else if (type === TYPE_SET) {
    setIterator.start(space, ref);
    while (setIterator.next()) vector.add(setIterator.element);
  } else if (cursor.seek(space, ref, first)) {
    do vector.add(cursor.element);
    while (vector.size < n && (backward ? cursor.prev() : cursor.next()));
  }
  return vector;
}

function replyElements(ctx: Context, vector: Vector, get: readonly Pattern[], start: number, end: number): void {
  const { reply } = ctx;
  reply.array(Math.max(0, end - start) * Math.max(1, get.length));
  for (let i = start; i < end; i++) {
    vector.get(i, element);
    if (get.length === 0) reply.bulk(element.buf, element.off, element.len);
    for (const pattern of get) {
      if (pattern.read(ctx, element.buf, element.off, element.len, value)) reply.bulk(value.buf, value.off, value.len);
      else reply.nil();
    }
  }
}

function storeElements(ctx: Context, vector: Vector, { get, store }: Options, start: number, end: number): void {
  const { space, keyspace } = ctx;
  const n = Math.max(0, end - start) * Math.max(1, get.length);
  if (n === 0) {
    const replaced = ctx.lookupWrite(store);
    if (replaced !== 0) {
      ctx.removeEntry(store, replaced);
      ctx.propagate();
    }
    ctx.reply.int(0);
    return;
  }
  const holder = keyspace.detached(TYPE_LIST, ENC_QUICKLIST);
  try {
    for (let i = start; i < end; i++) {
      vector.get(i, element);
      if (get.length === 0) lists.loadElement(space, holder, element.buf, element.off, element.len);
      for (const pattern of get) {
        if (!pattern.read(ctx, element.buf, element.off, element.len, value)) value.setBytes(NOTHING, 0, 0);
        lists.loadElement(space, holder, value.buf, value.off, value.len);
      }
    }
    lists.finishLoad(space, holder);
    ctx.attach(events.SORTSTORE, store, holder, ctx.lookupWrite(store));
  } catch (error) {
    keyspace.dropDetached(holder);
    throw error;
  }
  ctx.propagate(n);
  ctx.reply.int(n);
}

const NOTHING = new Uint8Array(0);
