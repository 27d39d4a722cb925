/** Directives whose value is more than one number, word or string. Their canonical text is what CONFIG GET answers. */

import { parseLoose, parseMemory } from './values.ts';
import type { ParseContext, Parsed } from './values.ts';

export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

export type ClientClass = 'normal' | 'slave' | 'pubsub';

/** Zero bytes are no limit. */
export interface BufferLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

export type BufferLimits = { readonly [C in ClientClass]: BufferLimit };

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const CLASSES: readonly ClientClass[] = ['normal', 'slave', 'pubsub'];

export function parseSpecial(name: string, args: readonly string[], context: ParseContext): Parsed {
  switch (name) {
    case 'bind':
      if (args.length > 16) return { error: 'Too many bind addresses specified.' };
      return { text: args.length === 1 && args[0] === '' ? '' : args.join(' ') };
    case 'dir':
      return args[0] === '' ? { error: 'No such file or directory' } : { text: args[0] };
    case 'save':
      return parseSave(args, context);
    case 'client-output-buffer-limit':
      return parseBufferLimits(args, context.current);
    case 'oom-score-adj-values':
      return parseOomScores(args);
    case 'notify-keyspace-events':
      return parseEvents(args[0]);
    case 'latency-tracking-info-percentiles':
      return parsePercentiles(args);
    case 'replicaof':
      return parseReplicaOf(args);
    default:
      throw new Error(`no parser for ${name}`);
  }
}

function parseSave(args: readonly string[], context: ParseContext): Parsed {
  const invalid: Parsed = { error: 'Invalid save parameters' };
  const given = args.length === 1 && args[0] === '' ? [] : args;
  if (given.length % 2 !== 0) return invalid;
  const numbers: string[] = [];
  for (let i = 0; i < given.length; i += 1) {
    const value = parseLoose(given[i]);
    if (value === undefined || value < (i % 2 === 0 ? 1n : 0n)) return invalid;
    // Redis keeps the changes in an int.
    numbers.push(String(i % 2 === 0 ? value : BigInt.asIntN(32, value)));
  }
  const added = numbers.join(' ');
  // An empty `save ""` after other lines resets them.
  if (!context.accumulate || added === '' || context.current === '') return { text: added };
  return { text: `${context.current} ${added}` };
}

export function readSave(text: string): SavePoint[] {
  const words = text === '' ? [] : text.split(' ');
  const points: SavePoint[] = [];
  for (let i = 0; i < words.length; i += 2) points.push({ seconds: Number(words[i]), changes: Number(words[i + 1]) });
  return points;
}

function parseBufferLimits(args: readonly string[], current: string): Parsed {
  const given = args.length === 1 && args[0] === '' ? [] : args;
  if (given.length % 4 !== 0) return { error: 'Wrong number of arguments in buffer limit configuration.' };
  const words = current.split(' ');
  for (let i = 0; i < given.length; i += 4) {
    const name = given[i].toLowerCase() === 'replica' ? 'slave' : given[i].toLowerCase();
    const at = (CLASSES as readonly string[]).indexOf(name);
    if (at < 0) return { error: 'Invalid client class specified in buffer limit configuration.' };
    const hard = parseMemory(given[i + 1]);
    const soft = parseMemory(given[i + 2]);
    const seconds = parseLoose(given[i + 3]);
    if (hard === undefined || soft === undefined || seconds === undefined || BigInt.asIntN(32, seconds) < 0n) {
      return { error: 'Error in hard, soft or soft_seconds setting in buffer limit configuration.' };
    }
    words.splice(at * 4 + 1, 3, String(hard), String(soft), String(BigInt.asIntN(32, seconds)));
  }
  return { text: words.join(' ') };
}

export function readBufferLimits(text: string): BufferLimits {
  const words = text.split(' ');
  const limit = (at: number): BufferLimit => ({
    hardBytes: Number(words[at * 4 + 1]),
    softBytes: Number(words[at * 4 + 2]),
    softSeconds: Number(words[at * 4 + 3]),
  });
  return { normal: limit(0), slave: limit(1), pubsub: limit(2) };
}

function parseOomScores(args: readonly string[]): Parsed {
  if (args.length !== 3) return { error: 'wrong number of arguments' };
  const values: string[] = [];
  for (const arg of args) {
    const value = parseLoose(arg);
    if (value === undefined || value < -2000n || value > 2000n) {
      return { error: 'Invalid oom-score-adj-values, elements must be between -2000 and 2000.' };
    }
    values.push(String(value));
  }
  return { text: values.join(' ') };
}

const EVENT_CLASSES = 'g$lshzxetd';

/** `A` stands for the classes above; Redis shows n only where it spells them out. */
/** As CONFIG GET shows it: Redis forgets to show an `n` beside `A`. */
export function shownEvents(text: string): string {
  return text.startsWith('A') ? text.replace('n', '') : text;
}

function parseEvents(arg: string): Parsed {
  if (/[^Ag$lshzxeKEtmdn]/.test(arg)) {
    return { error: "Invalid event class character. Use 'Ag$lshzxeKEtmdn'." };
  }
  const classes = arg.includes('A') ? EVENT_CLASSES : [...EVENT_CLASSES].filter((c) => arg.includes(c)).join('');
  const beside = [...'KEm'].filter((c) => arg.includes(c)).join('');
  if (classes === EVENT_CLASSES) return { text: `A${beside}${arg.includes('n') ? 'n' : ''}` };
  return { text: classes + (arg.includes('n') ? 'n' : '') + beside };
}

function parsePercentiles(args: readonly string[]): Parsed {
  const given = args.length === 1 && args[0] === '' ? [] : args;
  const texts: string[] = [];
  for (const arg of given) {
    if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$|^0x[0-9a-f]+$/i.test(arg)) {
      return { error: 'Invalid latency-tracking-info-percentiles parameters' };
    }
    const value = Number(arg);
    if (value < 0 || value > 100) {
      return { error: 'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]' };
    }
    texts.push(value.toFixed(6).replace(/\.?0+$/, ''));
  }
  return { text: texts.join(' ') };
}

export function readPercentiles(text: string): number[] {
  return text === '' ? [] : text.split(' ').map(Number);
}

function parseReplicaOf(args: readonly string[]): Parsed {
  if (args.length !== 2) return { error: 'wrong number of arguments' };
  const [host, port] = args;
  if (host.toLowerCase() === 'no' && port.toLowerCase() === 'one') return { text: '' };
  const number = parseLoose(port);
  if (number === undefined || number < 0n || number > 65535n) return { error: 'Invalid master port' };
  return { text: `${host} ${number}` };
}

export function readReplicaOf(text: string): HostPort | null {
  if (text === '') return null;
  const space = text.lastIndexOf(' ');
  return { host: text.slice(0, space), port: Number(text.slice(space + 1)) };
}
