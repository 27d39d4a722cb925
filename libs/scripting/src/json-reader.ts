/** Reads JSON as Lua CJSON does, with its errors. It takes more than JSON: numbers as strtod reads them, control characters in strings. */

import { Bytes } from './bytes.ts';
import { DEPTH_MAX } from './cjson.ts';
import type { JsonSettings } from './cjson.ts';
import type { Lua } from './lua.ts';

type Token =
  | 'T_OBJ_BEGIN'
  | 'T_OBJ_END'
  | 'T_ARR_BEGIN'
  | 'T_ARR_END'
  | 'T_STRING'
  | 'T_NUMBER'
  | 'T_BOOLEAN'
  | 'T_NULL'
  | 'T_COLON'
  | 'T_COMMA'
  | 'T_END'
  | 'T_ERROR';

const SINGLE: Readonly<Record<number, Token>> = {
  123: 'T_OBJ_BEGIN',
  125: 'T_OBJ_END',
  91: 'T_ARR_BEGIN',
  93: 'T_ARR_END',
  58: 'T_COLON',
  44: 'T_COMMA',
};
const ESCAPED: Readonly<Record<number, number>> = {
  34: 34,
  47: 47,
  92: 92,
  98: 8,
  102: 12,
  110: 10,
  114: 13,
  116: 9,
};
const NUMBER =
  /^[+-]?(?:0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan(?:\([a-z0-9_]*\))?)/i;
const NUMBER_CHARS = /^[0-9a-zA-Z+\-._()]*/;

const scratch = new Bytes();

export class JsonReader {
  readonly #lua: Lua;
  readonly #L: number;
  readonly #settings: JsonSettings;
  readonly #start: number;
  readonly #end: number;
  #at: number;
  #depth = 0;
  // The token at hand.
  #index = 0;
  #error = '';
  #number = 0;
  #true = false;

  constructor(lua: Lua, L: number, settings: JsonSettings, at: number, length: number) {
    this.#lua = lua;
    this.#L = L;
    this.#settings = settings;
    this.#start = this.#at = at;
    this.#end = at + length;
  }

  /** Pushes what the text says, the whole of it. */
  document(): void {
    const { u8 } = this.#lua;
    if (this.#end - this.#start >= 2 && (u8[this.#at] === 0 || u8[this.#at + 1] === 0)) {
      this.#lua.raiseAt(this.#L, 'JSON parser does not support UTF-16 or UTF-32');
    }
    this.#value(this.#next());
    const token = this.#next();
    if (token !== 'T_END') this.#refuse('the end', token);
  }

  #refuse(expected: string, token: Token): never {
    const found = token === 'T_ERROR' ? this.#error : token;
    return this.#lua.raiseAt(this.#L, `Expected ${expected} but found ${found} at character ${this.#index + 1}`);
  }

  #value(token: Token): void {
    const { api } = this.#lua;
    const L = this.#L;
    switch (token) {
      case 'T_STRING':
        return this.#lua.pushBytes(L, scratch.buf, 0, scratch.length);
      case 'T_NUMBER':
        return api.lua_pushnumber(L, this.#number);
      case 'T_BOOLEAN':
        return api.lua_pushboolean(L, this.#true ? 1 : 0);
      case 'T_NULL':
        return api.lua_pushlightuserdata(L, 0);
      case 'T_OBJ_BEGIN':
        return this.#object();
      case 'T_ARR_BEGIN':
        return this.#array();
      default:
        this.#refuse('value', token);
    }
  }

  #descend(): void {
    this.#depth++;
    const fits = this.#depth <= this.#settings.decodeDepth && this.#depth <= DEPTH_MAX;
    if (!fits || this.#lua.api.lua_checkstack(this.#L, 3) === 0) {
      this.#lua.raiseAt(
        this.#L,
        `Found too many nested data structures (${this.#depth}) at character ${this.#at - this.#start}`,
      );
    }
    this.#lua.api.lua_createtable(this.#L, 0, 0);
  }

  #object(): void {
    this.#descend();
    let token = this.#next();
    while (token !== 'T_OBJ_END') {
      if (token !== 'T_STRING') this.#refuse('object key string', token);
      this.#lua.pushBytes(this.#L, scratch.buf, 0, scratch.length);
      token = this.#next();
      if (token !== 'T_COLON') this.#refuse('colon', token);
      this.#value(this.#next());
      this.#lua.api.lua_rawset(this.#L, -3);
      token = this.#next();
      if (token === 'T_OBJ_END') break;
      if (token !== 'T_COMMA') this.#refuse('comma or object end', token);
      token = this.#next();
      if (token === 'T_OBJ_END') this.#refuse('object key string', token);
    }
    this.#depth--;
  }

  #array(): void {
    this.#descend();
    let token = this.#next();
    for (let i = 1; token !== 'T_ARR_END'; i++) {
      this.#value(token);
      this.#lua.api.lua_rawseti(this.#L, -2, i);
      token = this.#next();
      if (token === 'T_ARR_END') break;
      if (token !== 'T_COMMA') this.#refuse('comma or array end', token);
      token = this.#next();
      if (token === 'T_ARR_END') this.#refuse('value', token);
    }
    this.#depth--;
  }

  // --- tokens ------------------------------------------------------------------------------------------------------------

  #byte(at: number): number {
    return at < this.#end ? this.#lua.u8[at] : 0;
  }

  #next(): Token {
    let byte = this.#byte(this.#at);
    while (byte === 32 || (byte >= 9 && byte <= 10) || byte === 13) byte = this.#byte(++this.#at);
    this.#index = this.#at - this.#start;
    if (byte === 0) return 'T_END';
    const single = SINGLE[byte];
    if (single !== undefined) {
      this.#at++;
      return single;
    }
    if (byte === 34) return this.#string();
    const isDigit = byte >= 48 && byte <= 57;
    if (byte === 45 || isDigit) {
      if (this.#settings.decodeInvalid === 0 && this.#isInvalidNumber()) return this.#wrong('invalid number');
      return this.#numberToken();
    }
    if (this.#isWord('true') || this.#isWord('false')) {
      this.#true = byte === 116;
      this.#at += this.#true ? 4 : 5;
      return 'T_BOOLEAN';
    }
    if (this.#isWord('null')) {
      this.#at += 4;
      return 'T_NULL';
    }
    const mayBeNumber = byte === 43 || byte === 105 || byte === 73 || byte === 110 || byte === 78;
    if (mayBeNumber && this.#settings.decodeInvalid !== 0 && this.#isInvalidNumber()) return this.#numberToken();
    return this.#wrong('invalid token');
  }

  #wrong(error: string): Token {
    this.#index = this.#at - this.#start;
    this.#error = error;
    return 'T_ERROR';
  }

  #isWord(word: string): boolean {
    for (let i = 0; i < word.length; i++) if (this.#byte(this.#at + i) !== word.charCodeAt(i)) return false;
    return true;
  }

  #isInvalidNumber(): boolean {
    const { u8 } = this.#lua;
    let at = this.#at;
    if (u8[at] === 43) return true;
    if (u8[at] === 45) at++;
    const byte = this.#byte(at);
    if (byte === 48) {
      const next = this.#byte(at + 1);
      return (next | 32) === 120 || (next >= 48 && next <= 57);
    }
    if (byte <= 57) return false;
    const word = this.#lua.latin1(at, Math.min(at + 3, this.#end)).toLowerCase();
    return word === 'inf' || word === 'nan';
  }

  #numberToken(): Token {
    // An integer of few digits is most of what there is.
    let at = this.#at;
    let n = 0;
    while (at - this.#at < 15 && this.#byte(at) >= 48 && this.#byte(at) <= 57) n = n * 10 + this.#byte(at++) - 48;
    const behind = this.#byte(at);
    if (at > this.#at && (behind === 44 || behind === 93 || behind === 125)) {
      this.#number = n;
      this.#at = at;
      return 'T_NUMBER';
    }
    const text = NUMBER_CHARS.exec(this.#lua.latin1(this.#at, Math.min(this.#end, this.#at + 2000)))![0];
    const match = NUMBER.exec(text)?.[0];
    if (match === undefined) return this.#wrong('invalid number');
    this.#number = toNumber(match);
    this.#at += match.length;
    return 'T_NUMBER';
  }

  /** A string, into `scratch`. */
  #string(): Token {
    scratch.reset();
    this.#at++;
    for (;;) {
      let byte = this.#byte(this.#at);
      if (byte === 34) break;
      if (byte === 0) return this.#wrong('unexpected end of string');
      if (byte === 92) {
        const code = this.#byte(this.#at + 1);
        if (code === 117) {
          if (!this.#unicode()) return this.#wrong('invalid unicode escape code');
          continue;
        }
        byte = ESCAPED[code] ?? 0;
        if (byte === 0) return this.#wrong('invalid escape code');
        this.#at++;
      }
      scratch.byte(byte);
      this.#at++;
    }
    this.#at++;
    return 'T_STRING';
  }

  #hex4(at: number): number {
    const text = at + 4 <= this.#end ? this.#lua.latin1(at, at + 4) : '';
    return /^[0-9a-fA-F]{4}$/.test(text) ? Number.parseInt(text, 16) : -1;
  }

  /** `\uXXXX`, or a pair of surrogates, as UTF-8. */
  #unicode(): boolean {
    let code = this.#hex4(this.#at + 2);
    if (code < 0) return false;
    let length = 6;
    if ((code & 0xf800) === 0xd800) {
      if ((code & 0x400) !== 0) return false;
      if (this.#byte(this.#at + 6) !== 92 || this.#byte(this.#at + 7) !== 117) return false;
      const low = this.#hex4(this.#at + 8);
      if (low < 0 || (low & 0xfc00) !== 0xdc00) return false;
      code = ((code & 0x3ff) << 10) + (low & 0x3ff) + 0x10000;
      length = 12;
    }
    if (code < 0x80) scratch.byte(code);
    else if (code < 0x800) {
      scratch.byte(0xc0 | (code >> 6));
      scratch.byte(0x80 | (code & 63));
    } else {
      if (code < 0x10000) scratch.byte(0xe0 | (code >> 12));
      else {
        scratch.byte(0xf0 | (code >> 18));
        scratch.byte(0x80 | ((code >> 12) & 63));
      }
      scratch.byte(0x80 | ((code >> 6) & 63));
      scratch.byte(0x80 | (code & 63));
    }
    this.#at += length;
    return true;
  }
}

function toNumber(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const plain = text.replace(/^[+-]/, '').toLowerCase();
  if (plain.startsWith('inf')) return sign * Infinity;
  if (plain.startsWith('nan')) return NaN;
  if (!plain.startsWith('0x')) return sign * Number(plain);
  const [mantissa, exponent = '0'] = plain.slice(2).split('p');
  const [whole, fraction = ''] = mantissa.split('.');
  let n = 0;
  for (const digit of whole + fraction) n = n * 16 + Number.parseInt(digit, 16);
  return sign * n * 2 ** (Number(exponent) - 4 * fraction.length);
}
