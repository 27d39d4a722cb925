// Inline commands: a line of words, quoted as in a shell, for people who type into telnet. The rules, odd ones
// included, are those of Redis's sdssplitargs:
//
//   - words end at space, tab, CR, LF; vertical tab and form feed count as blanks only between words;
//   - a quote may open inside a word, and closing it ends the word: a blank or the end must follow;
//   - "…" knows \n \r \t \b \a \xHH and \<anything>; '…' knows only \'.

const BACKSLASH = 92;
const DOUBLE = 34;
const SINGLE = 39;

/** The words of buf[start, end), or null when the quotes do not balance. The line holds no NUL. */
export function splitInline(buf: Uint8Array, start: number, end: number): Uint8Array[] | null {
  const words: Uint8Array[] = [];
  let pos = start;
  for (;;) {
    while (pos < end && isSpace(buf[pos])) pos++;
    if (pos === end) return words;

    const word: number[] = [];
    let quote = 0;
    for (;;) {
      if (pos === end) {
        if (quote !== 0) return null;
        break;
      }
      const byte = buf[pos++];
      if (quote === 0) {
        if (byte === DOUBLE || byte === SINGLE) quote = byte;
        else if (byte === 32 || (byte >= 9 && byte <= 13 && byte !== 11 && byte !== 12)) break;
        else word.push(byte);
      } else if (byte === quote) {
        if (pos < end && !isSpace(buf[pos])) return null;
        break;
      } else if (byte === BACKSLASH && pos < end && quote === DOUBLE) {
        const escaped = buf[pos++];
        const high = escaped === 120 && pos + 1 < end ? hexDigit(buf[pos]) : -1;
        const low = high < 0 ? -1 : hexDigit(buf[pos + 1]);
        if (low >= 0) {
          word.push(high * 16 + low);
          pos += 2;
        } else word.push(unescape(escaped));
      } else if (byte === BACKSLASH && pos < end && buf[pos] === SINGLE) {
        word.push(SINGLE);
        pos++;
      } else word.push(byte);
    }
    words.push(Uint8Array.from(word));
  }
}

function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function unescape(byte: number): number {
  switch (byte) {
    case 110:
      return 10;
    case 114:
      return 13;
    case 116:
      return 9;
    case 98:
      return 8;
    case 97:
      return 7;
    default:
      return byte;
  }
}
