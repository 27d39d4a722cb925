// Scores that stand as text: in listpacks, and in the sorted sets of versions before 8.

const TEXT_BYTES_MAX = 400;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/** NaN for what is no number, and for "nan". */
export function parseScore(buf: Uint8Array, off: number, len: number): number {
  if (len === 0 || len > TEXT_BYTES_MAX) return NaN;
  let text = '';
  for (let i = off; i < off + len; i++) text += String.fromCharCode(buf[i]);
  if (DECIMAL.test(text)) return Number(text);
  const infinite = INFINITE.exec(text);
  if (infinite === null) return NaN;
  return infinite[1] === '-' ? -Infinity : Infinity;
}
