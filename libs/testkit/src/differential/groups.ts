import type { KeyType } from './grammar.ts';
import type { CommandRow } from './rows.ts';
import { bitmapRows } from './rows-bitmap.ts';
import { connectionRows } from './rows-connection.ts';
import { geoRows } from './rows-geo.ts';
import { hashRows } from './rows-hash.ts';
import { hllRows } from './rows-hll.ts';
import { keyRows } from './rows-keys.ts';
import { listRows } from './rows-list.ts';
import { serverRows } from './rows-server.ts';
import { setRows } from './rows-set.ts';
import { sortRows } from './rows-sort.ts';
import { streamRows } from './rows-stream.ts';
import { stringRows } from './rows-string.ts';
import { zsetRows } from './rows-zset.ts';

/** The rows by group. */
export const rowGroups = {
  string: stringRows,
  keys: keyRows,
  list: listRows,
  hash: hashRows,
  set: setRows,
  zset: zsetRows,
  stream: streamRows,
  bitmap: bitmapRows,
  hll: hllRows,
  geo: geoRows,
  sort: sortRows,
  connection: connectionRows,
  server: serverRows,
} satisfies Record<string, readonly CommandRow[]>;

export type GroupName = keyof typeof rowGroups;

/** Which rows a sequence is made of, and of which types its keys are. */
export interface Selection {
  readonly rows: readonly CommandRow[];
  readonly types: readonly KeyType[];
}

const ALL = Object.keys(rowGroups) as GroupName[];
/** About the data set alone; each type is there as soon as it has rows. */
const DATA = ALL.filter((name) => name !== 'connection' && name !== 'server');
const FEW = 0.4;

const TYPES_OF: Partial<Record<GroupName, readonly KeyType[]>> = {
  keys: ['string'],
  sort: ['list', 'set', 'zset', 'string'],
};

function select(names: readonly GroupName[], seldom: readonly GroupName[] = []): Selection {
  const used = [...names, ...seldom].filter((name) => rowGroups[name].length > 0);
  const types = used.flatMap((name) => TYPES_OF[name] ?? (isType(name) ? [name] : []));
  const few = seldom.flatMap((name) => rowGroups[name].map((row) => ({ ...row, weight: (row.weight ?? 1) * FEW })));
  return {
    rows: [...names.flatMap((name) => rowGroups[name]), ...few],
    types: types.length === 0 ? ['string'] : [...new Set(types)],
  };
}

function isType(name: GroupName): name is GroupName & KeyType {
  return name !== 'keys' && name !== 'sort' && name !== 'connection' && name !== 'server';
}

const data = select(DATA);
/** About the data set, and what only Valkey has. */
export const dataRows: Selection = {
  ...data,
  rows: [...data.rows, ...[...connectionRows, ...serverRows].filter(({ oracle }) => oracle === 'valkey')],
};
export const allRows: Selection = select(ALL);

/**
 * What WEIR_DIFF_ONLY names: groups, between commas. Those of keys and strings come along with less of their weight, so
 * that keys expire, are renamed and have the wrong type; `hash!` means nothing but hash.
 */
export function selectOnly(text: string): Selection {
  const names = text.replace(/!$/, '').split(',').filter(isGroup);
  if (names.length !== text.split(',').length)
    throw new Error(`WEIR_DIFF_ONLY: groups are ${ALL.join(', ')}; not ${text}`);
  if (text.endsWith('!')) return select(names);
  return select(
    names,
    (['string', 'keys'] as const).filter((name) => !names.includes(name)),
  );
}

function isGroup(name: string): name is GroupName {
  return Object.hasOwn(rowGroups, name);
}
