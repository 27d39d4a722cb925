/**
 * Redis's quoting: how a line of redis.conf is split into arguments, and how an argument is written so that splitting gives it
 * back. All strings here are byte strings (one character per byte), because "\xff" in a file means a byte.
 */

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };

function isSpace(c: string): boolean {
  return c === ' ' || (c >= '\t' && c <= '\r');
}

/** `undefined` for unbalanced quotes, or a closing quote with something right behind it. */
export function splitArgs(line: string): string[] | undefined {
  const args: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && isSpace(line[at])) at += 1;
    // A NUL ends a C string, and with it the line.
    if (at >= line.length || line[at] === '\0') return args;
    let arg = '';
    let quote = '';
    for (;;) {
      const c = at < line.length && line[at] !== '\0' ? line[at] : '';
      if (quote !== '') {
        if (c === '') return undefined;
        if (c === quote) {
          const next = at + 1 < line.length ? line[at + 1] : '';
          if (next !== '' && next !== '\0' && !isSpace(next)) return undefined;
          at += 1;
          break;
        }
        if (c === '\\' && quote === '"' && at + 1 < line.length && line[at + 1] !== '\0') {
          const hex = /^x[0-9a-f]{2}/i.test(line.slice(at + 1, at + 4));
          if (hex) {
            arg += String.fromCharCode(Number.parseInt(line.slice(at + 2, at + 4), 16));
            at += 4;
          } else {
            arg += ESCAPES[line[at + 1]] ?? line[at + 1];
            at += 2;
          }
          continue;
        }
        if (c === '\\' && quote === "'" && line[at + 1] === "'") {
          arg += "'";
          at += 2;
          continue;
        }
        arg += c;
        at += 1;
        continue;
      }
      if (c === '' || c === ' ' || c === '\n' || c === '\r' || c === '\t') break;
      if (c === '"' || c === "'") {
        quote = c;
      } else {
        arg += c;
      }
      at += 1;
    }
    args.push(arg);
  }
}

/** The argument in double quotes, as Redis's sdscatrepr writes it. */
export function quoteArg(arg: string): string {
  let out = '"';
  for (let i = 0; i < arg.length; i += 1) {
    const c = arg[i];
    const code = arg.charCodeAt(i);
    if (c === '\\' || c === '"') out += `\\${c}`;
    else if (c === '\n') out += '\\n';
    else if (c === '\r') out += '\\r';
    else if (c === '\t') out += '\\t';
    else if (c === '\x07') out += '\\a';
    else if (c === '\b') out += '\\b';
    else if (code >= 0x20 && code < 0x7f) out += c;
    else out += `\\x${code.toString(16).padStart(2, '0')}`;
  }
  return `${out}"`;
}
