import { events, valueAddress, valueLength } from '@weir/keyspace';
import { NOT_AN_INTEGER, SYNTAX_ERROR, bigIntArg, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { BEYOND, bigInt64, parseInt64 } from '../core/integer.ts';
import { oneKey } from '../core/key-specs.ts';
import { FAIL, SATURATE, SMALL_MAX, WRAP, bigSum, overflow, smallSum } from './arithmetic.ts';
import { field, readField, writeField } from './bits.ts';
import { BAD_OFFSET, grown, isOffset, writableString } from './common.ts';

const GET = 0;
const SET = 1;
const INCRBY = 2;
/** i and u. */
const SIGNED = 105;
const UNSIGNED = 117;

/** The operations of a request, six numbers each: all are read before the first is done. */
const operations: number[] = [];
const OPERATION_WORDS = 6;
/** Of 64 bits, as a reply makes room for it. */
const INTEGER_BYTES_MAX = 24;

export const bitfield: Command = {
  name: 'bitfield',
  arity: -2,
  flags: ['write', 'denyoom'],
  keySpecs: [
    {
      notes: 'This command allows both access and modification of the key',
      ...oneKey('RW', 'access', 'update', 'variable_flags'),
    },
  ],
  docs: {
    summary: 'Perform arbitrary bitfield integer operations on strings',
    since: '3.2.0',
    group: 'bitmap',
    complexity: 'O(1) for each subcommand specified',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      {
        name: 'operation',
        type: 'oneof',
        flags: ['optional', 'multiple'],
        arguments: [
          {
            name: 'encoding_offset',
            type: 'block',
            token: 'GET',
            arguments: [
              { name: 'encoding', type: 'string' },
              { name: 'offset', type: 'integer' },
            ],
          },
          {
            name: 'write',
            type: 'block',
            arguments: [
              {
                name: 'wrap_sat_fail',
                type: 'oneof',
                token: 'OVERFLOW',
                flags: ['optional'],
                arguments: [
                  { name: 'wrap', type: 'pure-token', token: 'WRAP' },
                  { name: 'sat', type: 'pure-token', token: 'SAT' },
                  { name: 'fail', type: 'pure-token', token: 'FAIL' },
                ],
              },
              {
                name: 'write_operation',
                type: 'oneof',
                arguments: [
                  {
                    name: 'encoding_offset_value',
                    type: 'block',
                    token: 'SET',
                    arguments: [
                      { name: 'encoding', type: 'string' },
                      { name: 'offset', type: 'integer' },
                      { name: 'value', type: 'integer' },
                    ],
                  },
                  {
                    name: 'encoding_offset_increment',
                    type: 'block',
                    token: 'INCRBY',
                    arguments: [
                      { name: 'encoding', type: 'string' },
                      { name: 'offset', type: 'integer' },
                      { name: 'increment', type: 'integer' },
                    ],
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
  },
  run(ctx) {
    execute(ctx, false);
  },
};

export const bitfield_ro: Command = {
  name: 'bitfield_ro',
  arity: -2,
  flags: ['readonly', 'fast'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Perform arbitrary bitfield integer operations on strings. Read-only variant of BITFIELD',
    since: '6.0.0',
    group: 'bitmap',
    complexity: 'O(1) for each subcommand specified',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      {
        name: 'encoding_offset',
        type: 'block',
        token: 'GET',
        flags: ['optional', 'multiple', 'multiple_token'],
        arguments: [
          { name: 'encoding', type: 'string' },
          { name: 'offset', type: 'integer' },
        ],
      },
    ],
  },
  run(ctx) {
    execute(ctx, true);
  },
};

function execute(ctx: Context, readOnly: boolean): void {
  const { arena, reply } = ctx;
  const bytes = parse(ctx);
  if (bytes < 0) return;
  let ref: number;
  if (bytes === 0) {
    ref = ctx.lookupRead(1);
    if (ref !== 0 && !ctx.isString(ref)) return;
  } else {
    if (readOnly) {
      reply.error('ERR BITFIELD_RO only supports the GET subcommand');
      return;
    }
    ref = ctx.lookupWrite(1);
    if (ref !== 0 && !ctx.isString(ref)) return;
    reply.ensure((operations.length / OPERATION_WORDS + 1) * INTEGER_BYTES_MAX);
    ref = writableString(ctx, ref, bytes);
  }
  const at = ref === 0 ? 0 : valueAddress(arena, ref);
  const len = ref === 0 ? 0 : valueLength(arena, ref);
  let changes = 0;
  reply.array(operations.length / OPERATION_WORDS);
  for (let i = 0; i < operations.length; i += OPERATION_WORDS) {
    const kind = operations[i];
    const signed = operations[i + 1] === 1;
    const bits = operations[i + 2];
    const offset = operations[i + 3];
    readField(arena.u8, at, len, offset, bits);
    if (kind === GET) replyField(ctx, signed, bits);
    else if (change(ctx, at, kind, signed, bits, offset, operations[i + 4], operations[i + 5])) changes++;
  }
  if (changes > 0) ctx.announce(events.SETBIT, 1);
  // One that grew for what failed is logged: it is another string.
  if (changes > 0 || (bytes > 0 && grown.value)) ctx.propagate(Math.max(1, changes));
}

/** Reads the operations: bytes that the string must have for them, 0 when they only read; -1: answered. */
function parse(ctx: Context): number {
  const { req, reply } = ctx;
  let mode = WRAP;
  let bytes = 0;
  operations.length = 0;
  for (let i = 2; i < req.argc; i++) {
    const rest = req.argc - i - 1;
    let kind = GET;
    if (rest >= 2 && isWord(req, i, 'get')) kind = GET;
    else if (rest >= 3 && isWord(req, i, 'set')) kind = SET;
    else if (rest >= 3 && isWord(req, i, 'incrby')) kind = INCRBY;
    else if (rest >= 1 && isWord(req, i, 'overflow')) {
      i++;
      if (isWord(req, i, 'wrap')) mode = WRAP;
      else if (isWord(req, i, 'sat')) mode = SATURATE;
      else if (isWord(req, i, 'fail')) mode = FAIL;
      else {
        reply.error('ERR Invalid OVERFLOW type specified');
        return -1;
      }
      continue;
    } else {
      reply.error(SYNTAX_ERROR);
      return -1;
    }
    const bits = typeArg(ctx, i + 1);
    if (bits === 0) return -1;
    const offset = fieldOffsetArg(ctx, i + 2, Math.abs(bits));
    if (offset !== offset) return -1;
    let argument = 0;
    if (kind !== GET) {
      argument = i + 3;
      if (Number.isNaN(parseInt64(req.buf, req.off(argument), req.len(argument)))) {
        reply.error(NOT_AN_INTEGER);
        return -1;
      }
      bytes = Math.max(bytes, Math.floor((offset + Math.abs(bits) - 1) / 8) + 1);
    }
    operations.push(kind, bits < 0 ? 1 : 0, Math.abs(bits), offset, argument, mode);
    i += kind === GET ? 2 : 3;
  }
  return bytes;
}

/** A type such as u8 or i16: its bits, negative when it is signed. 0: answered. */
function typeArg(ctx: Context, i: number): number {
  const { req } = ctx;
  const off = req.args[2 * i];
  const sign = req.buf[off];
  let len = req.args[2 * i + 1];
  // As for Redis, a NUL ends it.
  for (let at = 0; at < len; at++) if (req.buf[off + at] === 0) len = at;
  if (len > 1 && (sign === SIGNED || sign === UNSIGNED)) {
    const bits = parseInt64(req.buf, off + 1, len - 1);
    if (bits >= 1 && bits <= (sign === SIGNED ? 64 : 63)) return sign === SIGNED ? -bits : bits;
  }
  ctx.reply.error('ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.');
  return 0;
}

/** An offset in bits or, behind a #, in fields of that many bits. NaN: answered. */
function fieldOffsetArg(ctx: Context, i: number, bits: number): number {
  const { req } = ctx;
  const off = req.args[2 * i];
  const len = req.args[2 * i + 1];
  const inFields = len > 0 && req.buf[off] === 35;
  let offset = inFields ? parseInt64(req.buf, off + 1, len - 1) : parseInt64(req.buf, off, len);
  if (inFields) {
    if (offset === BEYOND || !(Math.abs(offset * bits) <= Number.MAX_SAFE_INTEGER)) {
      // The product of 64 bits may wrap into what is allowed, as it does in Redis.
      if (offset === offset) offset = Number(BigInt.asIntN(64, bigInt64(req.buf, off + 1, len - 1) * BigInt(bits)));
    } else offset *= bits;
  }
  if (isOffset(ctx, offset)) return offset;
  ctx.reply.error(BAD_OFFSET);
  return NaN;
}

/**
 * SET or INCRBY of the field that was read; whether it counts as a change: one that fails does not, nor one that leaves a string of the same
 * length as it was.
 */
function change(
  ctx: Context,
  at: number,
  kind: number,
  signed: boolean,
  bits: number,
  offset: number,
  argument: number,
  mode: number,
): boolean {
  const { req, arena, reply } = ctx;
  const given = parseInt64(req.buf, req.off(argument), req.len(argument));
  if (bits <= 32 && Math.abs(given) <= SMALL_MAX && (signed || kind === INCRBY || given >= 0)) {
    const old = smallField(signed, bits);
    const next = kind === SET ? smallSum(given, 0, bits, signed, mode) : smallSum(old, given, bits, signed, mode);
    if (overflow.happened && mode === FAIL) {
      reply.nil();
      return false;
    }
    reply.int(kind === SET ? old : next);
    writeField(arena.u8, at, offset, bits, next, 0);
    return next !== old || grown.value;
  }
  const old = bigField(signed, bits);
  const big = given === BEYOND ? bigIntArg(req, argument) : BigInt(given);
  const next = kind === SET ? bigSum(big, 0n, bits, signed, mode) : bigSum(old, big, bits, signed, mode);
  if (overflow.happened && mode === FAIL) {
    reply.nil();
    return false;
  }
  replyBig(ctx, kind === SET ? old : next);
  const low = Number(BigInt.asUintN(32, next));
  const high = Number(BigInt.asUintN(32, next >> 32n));
  writeField(arena.u8, at, offset, bits, low, high);
  return next !== old || grown.value;
}

/** The field that was read last, of at most 32 bits. */
function smallField(signed: boolean, bits: number): number {
  return signed && field.low >= 2 ** (bits - 1) ? field.low - 2 ** bits : field.low;
}

function bigField(signed: boolean, bits: number): bigint {
  const value = (BigInt(field.high) << 32n) | BigInt(field.low);
  return signed ? BigInt.asIntN(bits, value) : value;
}

function replyField(ctx: Context, signed: boolean, bits: number): void {
  if (bits <= 32) ctx.reply.int(smallField(signed, bits));
  else replyBig(ctx, bigField(signed, bits));
}

function replyBig(ctx: Context, value: bigint): void {
  const n = Number(value);
  if (Number.isSafeInteger(n)) ctx.reply.int(n);
  else ctx.reply.bigint(value);
}
