/**
 * What reading through a group and claiming do to it, as commands of the log. Redis writes an XCLAIM per entry; here entries that were
 * delivered to one consumer at one time, as often, share one: `XCLAIM key group consumer 0 id … TIME ms RETRYCOUNT n FORCE JUSTID`. The
 * group's last ID and its count of read entries follow in an XGROUP SETID, where Redis leaves the count to chance.
 */

import { events, streams } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { CommandWriter } from '@weir/resp';
import type { Context } from '../core/context.ts';
import { IdList, formatIdText, idText } from './ids.ts';

const encoded = (word: string): Uint8Array => Buffer.from(`$${word.length}\r\n${word}\r\n`, 'latin1');

const XACK = encoded('XACK');
const XCLAIM = encoded('XCLAIM');
const XGROUP = encoded('XGROUP');
const SETID = encoded('SETID');
const CREATECONSUMER = encoded('CREATECONSUMER');
const ENTRIESREAD = encoded('ENTRIESREAD');
const ZERO = encoded('0');
const TIME = encoded('TIME');
const RETRYCOUNT = encoded('RETRYCOUNT');
const FORCE = encoded('FORCE');
const JUSTID = encoded('JUSTID');
export const XADD = encoded('XADD');
export const XTRIM = encoded('XTRIM');
export const MAXLEN = encoded('MAXLEN');
export const MINID = encoded('MINID');
export const EXACTLY = encoded('=');

export function argId(writer: CommandWriter, id: streams.StreamId): void {
  formatIdText(id);
  writer.argBytes(idText.bytes, 0, idText.length);
}

function argOf(ctx: Context, writer: CommandWriter, i: number): void {
  const { req } = ctx;
  writer.argBytes(req.buf, req.args[2 * i], req.args[2 * i + 1]);
}

function argInt64(writer: CommandWriter, lo: number, hi: number): void {
  const value = hi * 4294967296 + (lo >>> 0);
  if (Number.isSafeInteger(value)) writer.argInt(value);
  else writer.argLatin1(((BigInt(hi) << 32n) | BigInt(lo >>> 0)).toString());
}

/** A consumer came into being. `key`, `group`, `consumer`: arguments with the names. */
export function logConsumer(ctx: Context, key: number, group: number, consumer: number): void {
  const writer = ctx.effect(5);
  writer.raw(XGROUP);
  writer.raw(CREATECONSUMER);
  argOf(ctx, writer, key);
  argOf(ctx, writer, group);
  argOf(ctx, writer, consumer);
}

const id = streams.newId();

/** The last ID of the group, or how many entries it has read, has changed. */
export function logGroup(ctx: Context, key: number, group: number, ref: Ref): void {
  ctx.announce(events.QUIET, key);
  const writer = ctx.effect(7);
  writer.raw(XGROUP);
  writer.raw(SETID);
  argOf(ctx, writer, key);
  argOf(ctx, writer, group);
  streams.groupLastId(ctx.space, ref, id);
  argId(writer, id);
  writer.raw(ENTRIESREAD);
  argInt64(writer, streams.entriesReadLo(ctx.space, ref), streams.entriesReadHi(ctx.space, ref));
}

/**
 * So long may the claims of one command be in the log. Below it stay hundreds of millions of entries, unless names of megabytes are
 * repeated for counts of deliveries that differ from each entry to the next.
 */
const CLAIM_BYTES_MAX = 1024 ** 3;
const CLAIM_HEAD_BYTES = 160;
const CLAIM_ID_BYTES = 48;
export const CLAIMS_TOO_LONG = 'ERR the names of key, group and consumer are too long for that many entries';

let expectedBytes = 0;
let nameBytes = 0;
let expectedLo = -1;
let expectedHi = -1;

/** Begins to reckon how long the claims of a command will be, before it changes anything. */
export function expectClaims(): void {
  expectedBytes = 0;
}

/** From here on they are of another stream or consumer. */
export function expectNames(ctx: Context, key: number, group: number, consumer: number): void {
  const { req } = ctx;
  nameBytes = req.len(key) + req.len(group) + req.len(consumer);
  expectedLo = expectedHi = -1;
}

export function expectClaim(countLo: number, countHi: number): void {
  if (countLo !== expectedLo || countHi !== expectedHi) expectedBytes += nameBytes + CLAIM_HEAD_BYTES;
  expectedLo = countLo;
  expectedHi = countHi;
  expectedBytes += CLAIM_ID_BYTES;
}

/** False: the log cannot take them in one piece; inside a transaction, behind what that has logged already. */
export function claimsFit(ctx: Context): boolean {
  return expectedBytes <= Math.min(limits.claimBytesMax, ctx.effectBytesMax);
}

/** Lower in tests. */
export const limits = { claimBytesMax: CLAIM_BYTES_MAX };

const claimed = new IdList();
const gone = new IdList();
let claimKey = 0;
let claimGroup = 0;
let claimConsumer = 0;
let claimTime = 0;
let claimLo = 0;
let claimHi = 0;

/** Begins claims for the consumer that is named in argument `consumer`, delivered at `timeMs`. */
export function beginClaims(key: number, group: number, consumer: number, timeMs: number): void {
  claimed.reset();
  gone.reset();
  claimKey = key;
  claimGroup = group;
  claimConsumer = consumer;
  claimTime = timeMs;
}

/** The entry is pending at the consumer, delivered that often. */
export function logClaim(ctx: Context, entry: streams.StreamId, countLo: number, countHi: number): void {
  if (claimed.length > 0 && (countLo !== claimLo || countHi !== claimHi)) flushClaims(ctx);
  claimLo = countLo;
  claimHi = countHi;
  claimed.push(entry);
}

/** The entry is not pending any more. */
export function logGone(entry: streams.StreamId): void {
  gone.push(entry);
}

function flushClaims(ctx: Context): void {
  ctx.announce(events.QUIET, claimKey);
  const writer = ctx.effect(11 + claimed.length);
  writer.raw(XCLAIM);
  argOf(ctx, writer, claimKey);
  argOf(ctx, writer, claimGroup);
  argOf(ctx, writer, claimConsumer);
  writer.raw(ZERO);
  for (let i = 0; i < claimed.length; i++) {
    claimed.get(i, id);
    argId(writer, id);
  }
  writer.raw(TIME);
  writer.argInt(claimTime);
  writer.raw(RETRYCOUNT);
  argInt64(writer, claimLo, claimHi);
  writer.raw(FORCE);
  writer.raw(JUSTID);
  claimed.reset();
}

/** Writes what is left. Must be called at the end of claims, also when they fail midway. */
export function endClaims(ctx: Context): void {
  if (claimed.length > 0) flushClaims(ctx);
  if (gone.length === 0) return;
  ctx.announce(events.QUIET, claimKey);
  const writer = ctx.effect(3 + gone.length);
  writer.raw(XACK);
  argOf(ctx, writer, claimKey);
  argOf(ctx, writer, claimGroup);
  for (let i = 0; i < gone.length; i++) {
    gone.get(i, id);
    argId(writer, id);
  }
  gone.reset();
}
