/** Numbers, sizes and times as people read them. */

import type { Bytes } from './types.ts';

export function count(value: number): string {
  return value >= 1e6 ? `${(value / 1e6).toFixed(value < 1e7 ? 2 : 1)} M` : value.toLocaleString('en-US');
}

export function short(value: number): string {
  if (value >= 1e9) return `${+(value / 1e9).toPrecision(3)}G`;
  if (value >= 1e6) return `${+(value / 1e6).toPrecision(3)}M`;
  if (value >= 1e4) return `${+(value / 1e3).toPrecision(3)}k`;
  return `${+value.toPrecision(3)}`;
}

export function size(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function duration(ms: number): string {
  if (ms < 1) return ms === 0 ? '0 ms' : `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

export function clock(atMs: number): string {
  return new Date(atMs).toLocaleTimeString('en-GB');
}

export function dateTime(atMs: number): string {
  const at = new Date(atMs);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(atMs)}`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** A node's id is 40 digits; its first tell it from the others. */
export const name = (id: string): string => (id.length > 12 ? id.slice(0, 8) : id);

/** What cannot be seen, or would move what stands beside it, is shown as its code. It only ever becomes text of the page. */
export function visible(value: Bytes): string {
  const text = value.encoding === 'base64' ? `base64: ${value.text}` : value.text;
  const shown = text.replace(/[^\P{C}\n\t]/gu, (one) => `\\u{${one.codePointAt(0)!.toString(16)}}`);
  return value.truncated ? `${shown} …` : shown;
}
