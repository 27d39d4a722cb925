// The replies of COMMAND INFO and COMMAND DOCS, from the command's own object.

import type { ReplyWriter } from '@weir/resp';
import type { CommandArgument, KeySpec } from '../core/command.ts';
import type { TableCommand } from '../core/table.ts';

/** Flags that COMMAND INFO does not show: they are Weir's own. */
const HIDDEN = new Set(['whole_keyspace', 'in_trouble']);

export function replyInfo(reply: ReplyWriter, entry: TableCommand): void {
  const { command } = entry;
  reply.array(10);
  reply.bulkLatin1(entry.fullName);
  reply.int(command.arity);
  replyWords(
    reply,
    command.flags.filter((flag) => !HIDDEN.has(flag)),
  );
  for (const position of entry.keys) reply.int(position);
  replyWords(
    reply,
    entry.acl.map((category) => `@${category}`),
  );
  const tips = command.tips ?? [];
  reply.set(tips.length);
  for (const tip of tips) reply.bulkLatin1(tip);
  const specs = command.keySpecs ?? [];
  reply.set(specs.length);
  for (const spec of specs) replyKeySpec(reply, spec);
  if (entry.subcommands.length === 0) return reply.set(0);
  reply.array(entry.subcommands.length);
  for (const sub of entry.subcommands) replyInfo(reply, sub);
}

function replyKeySpec(reply: ReplyWriter, spec: KeySpec): void {
  const { notes, begin, find } = spec;
  reply.map(notes === undefined ? 3 : 4);
  if (notes !== undefined) replyText(reply, 'notes', notes);
  reply.bulkLatin1('flags');
  replyWords(reply, spec.flags);
  reply.bulkLatin1('begin_search');
  if (begin === 'unknown') replySearch(reply, 'unknown', {});
  else if ('index' in begin) replySearch(reply, 'index', { index: begin.index });
  else replySearch(reply, 'keyword', { keyword: begin.keyword, startfrom: begin.from });
  reply.bulkLatin1('find_keys');
  if (find === 'unknown') replySearch(reply, 'unknown', {});
  else if ('last' in find) replySearch(reply, 'range', { lastkey: find.last, keystep: find.step, limit: find.limit });
  else replySearch(reply, 'keynum', { keynumidx: find.keynumIndex, firstkey: find.first, keystep: find.step });
}

function replySearch(reply: ReplyWriter, type: string, spec: Record<string, string | number>): void {
  reply.map(2);
  replyText(reply, 'type', type);
  reply.bulkLatin1('spec');
  const fields = Object.entries(spec);
  reply.map(fields.length);
  for (const [name, value] of fields) {
    reply.bulkLatin1(name);
    if (typeof value === 'number') reply.int(value);
    else reply.bulkLatin1(value);
  }
}

export function replyDocs(reply: ReplyWriter, entry: TableCommand): void {
  const { docs } = entry.command;
  const mark = reply.beginAggregate();
  let fields = 0;
  const text = (name: string, value: string | undefined): void => {
    if (value === undefined) return;
    replyText(reply, name, value);
    fields++;
  };
  text('summary', docs.summary);
  text('since', docs.since);
  text('group', docs.group);
  text('complexity', docs.complexity);
  if (docs.docFlags !== undefined) {
    fields++;
    reply.bulkLatin1('doc_flags');
    replyWords(reply, docs.docFlags);
  }
  text('deprecated_since', docs.deprecatedSince);
  text('replaced_by', docs.replacedBy);
  if (docs.history !== undefined) {
    fields++;
    reply.bulkLatin1('history');
    reply.set(docs.history.length);
    for (const [version, change] of docs.history) {
      reply.array(2);
      reply.bulkLatin1(version);
      reply.bulkText(change);
    }
  }
  if (docs.arguments !== undefined) {
    fields++;
    replyArguments(reply, docs.arguments);
  }
  if (entry.subcommands.length > 0) {
    fields++;
    reply.bulkLatin1('subcommands');
    reply.map(entry.subcommands.length);
    for (const sub of entry.subcommands) {
      reply.bulkLatin1(sub.fullName);
      replyDocs(reply, sub);
    }
  }
  reply.endAggregate(mark, 'map', fields);
}

function replyArguments(reply: ReplyWriter, args: readonly CommandArgument[]): void {
  reply.bulkLatin1('arguments');
  reply.array(args.length);
  for (const arg of args) {
    const mark = reply.beginAggregate();
    let fields = 2;
    const text = (name: string, value: string | undefined): void => {
      if (value === undefined) return;
      replyText(reply, name, value);
      fields++;
    };
    replyText(reply, 'name', arg.name);
    replyText(reply, 'type', arg.type);
    if (arg.keySpec !== undefined) {
      reply.bulkLatin1('key_spec_index');
      reply.int(arg.keySpec);
      fields++;
    }
    text('token', arg.token);
    text('summary', arg.summary);
    text('since', arg.since);
    text('deprecated_since', arg.deprecatedSince);
    if (arg.flags !== undefined) {
      reply.bulkLatin1('flags');
      replyWords(reply, arg.flags);
      fields++;
    }
    text('value', arg.value);
    if (arg.arguments !== undefined) {
      replyArguments(reply, arg.arguments);
      fields++;
    }
    reply.endAggregate(mark, 'map', fields);
  }
}

function replyText(reply: ReplyWriter, name: string, value: string): void {
  reply.bulkLatin1(name);
  reply.bulkText(value);
}

/** A set of simple strings. */
export function replyWords(reply: ReplyWriter, words: readonly string[]): void {
  reply.set(words.length);
  for (const word of words) reply.simple(word);
}
