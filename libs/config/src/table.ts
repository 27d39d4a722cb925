import { acceptedDirectives } from './table-accepted.ts';
import { effectiveDirectives } from './table-effective.ts';
import { laterDirectives } from './table-later.ts';
import type { AppName, Category, Directive, DirectiveOptions, Kind } from './directive.ts';

type Row =
  (typeof effectiveDirectives)[number] | (typeof acceptedDirectives)[number] | (typeof laterDirectives)[number];
type NamesOf<K extends Kind> = Extract<Row, { readonly kind: K }>['name'];

export type DirectiveName = Row['name'];
export type NumberName = NamesOf<'int' | 'memory' | 'percent-memory' | 'octal'>;
export type BoolName = NamesOf<'bool'>;
export type TextName = NamesOf<'string'> | 'dir' | 'notify-keyspace-events';
export type ChoiceName = NamesOf<'enum'>;

type Camel<S extends string> = S extends `${infer A}-${infer B}`
  ? `${A}${Capitalize<Camel<B>>}`
  : S extends `${infer A}_${infer B}`
    ? `${A}${Capitalize<Camel<B>>}`
    : S;
type ChoiceOf<N extends ChoiceName> = Extract<Row, { readonly name: N }>['values'][number];

/** Fields are the directives' names in camel case: `num.maxmemory`, `num.hashMaxListpackEntries`. */
export type NumberFields = { [N in NumberName as Camel<N>]: number };
export type BoolFields = { [N in BoolName as Camel<N>]: boolean };
export type TextFields = { [N in TextName as Camel<N>]: string };
export type ChoiceFields = { [N in ChoiceName as Camel<N>]: ChoiceOf<N> };

export interface TableRow extends Directive {
  readonly index: number;
  readonly category: Category;
  readonly field: string;
  /** Who reads it; a test beside the launcher holds the sources to it. */
  readonly apps: readonly AppName[];
}

/** Every directive, in the order in which CONFIG GET * answers, CONFIG REWRITE appends and the documentation lists them. */
export const table: readonly TableRow[] = [
  ...effectiveDirectives.map((row) => ({ ...row, category: 'effective' as Category })),
  ...acceptedDirectives.map((row) => ({ ...row, category: 'accepted' as Category })),
  ...laterDirectives.map((row) => ({ ...row, category: 'accepted' as Category })),
].map((row, index) => {
  const options: DirectiveOptions = row.options;
  const apps = options.apps ?? (row.category === 'effective' ? ['engine'] : []);
  return { ...row, index, field: camelCase(row.name), apps };
});

/** Every name a directive has: its own, its alias, and those of other versions. */
export function namesOf({ name, options }: Directive): readonly string[] {
  return [name, ...(options.alias === undefined ? [] : [options.alias]), ...(options.also ?? [])];
}

/** By lower-case name, aliases included. */
const byName = new Map<string, TableRow>();
for (const row of table) {
  for (const name of namesOf(row)) {
    if (byName.has(name)) throw new Error(`two directives are called ${name}`);
    byName.set(name, row);
  }
}

export function findDirective(name: string): TableRow | undefined {
  return byName.get(name.toLowerCase());
}

function camelCase(name: string): string {
  return name.replace(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
