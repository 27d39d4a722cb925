/**
 * The throughput cases as a picture: for each, Weir's rate as a share of Redis's, and the promised share as a mark. A ratio
 * is what stays the same from machine to machine; the rates stand beside it as text.
 */

import type { ThroughputResult } from './throughput.ts';
import { formatNumber, verdictOf } from './report.ts';

const WIDTH = 960;
const LABEL = 210;
const RIGHT = 260;
const ROW = 26;
const TOP = 76;
const BAR = 14;
const BOTTOM = 34;

const INK = '#1f2933';
const QUIET = '#7b8794';
const GRID = '#e4e7eb';
const COLOURS = { met: '#2f855a', missed: '#c05621', '': '#4a6fa5' } as const;

export function drawChart(results: readonly ThroughputResult[], caption: string): string {
  const scaleMax = Math.max(1.1, ...results.map(({ ratio }) => ratio)) * 1.02;
  const plot = WIDTH - LABEL - RIGHT;
  const x = (ratio: number): number => Math.round((LABEL + (ratio / scaleMax) * plot) * 10) / 10;
  const height = TOP + results.length * ROW + BOTTOM;
  const parts: string[] = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="Helvetica, Arial, sans-serif">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(16, 28, 'Weir beside Redis: operations per second, Redis = 1', { size: 17, weight: 'bold' }),
    text(16, 48, caption, { size: 12, fill: QUIET }),
    text(WIDTH - 16, TOP - 10, 'Weir / Redis, ops/s', { size: 11, fill: QUIET, anchor: 'end' }),
  ];
  for (let tick = 0; tick <= scaleMax; tick += 0.25) {
    const at = x(tick);
    const dark = tick === 1;
    parts.push(
      `<line x1="${at}" x2="${at}" y1="${TOP - 4}" y2="${height - BOTTOM}" stroke="${dark ? QUIET : GRID}" stroke-width="1"/>`,
      text(at, TOP - 10, tick.toFixed(2), { size: 11, fill: QUIET, anchor: 'middle' }),
    );
  }
  for (const [i, { name, ratio, target, weir, redis }] of results.entries()) {
    const y = TOP + i * ROW + ROW / 2;
    const verdict = verdictOf(ratio, target);
    const width = Math.max(1, Math.round((x(ratio) - LABEL) * 10) / 10);
    parts.push(
      text(LABEL - 10, y + 4, name, { size: 12, anchor: 'end' }),
      `<rect x="${LABEL}" y="${y - BAR / 2}" width="${width}" height="${BAR}" rx="2" fill="${COLOURS[verdict]}"/>`,
      text(LABEL + width + 6, y + 4, ratio.toFixed(2), {
        size: 12,
        weight: 'bold',
        fill: COLOURS[verdict],
        halo: true,
      }),
      text(
        WIDTH - 16,
        y + 4,
        `${formatNumber(Math.round(weir.opsPerSecond))} / ${formatNumber(Math.round(redis.opsPerSecond))}`,
        {
          size: 12,
          anchor: 'end',
        },
      ),
    );
    if (target !== null) {
      const at = x(target);
      parts.push(
        `<line x1="${at}" x2="${at}" y1="${y - ROW / 2 + 2}" y2="${y + ROW / 2 - 2}" stroke="${INK}" stroke-width="2.5"/>`,
      );
    }
  }
  const legend = height - 12;
  parts.push(
    swatch(LABEL, legend, COLOURS.met, 'target met'),
    swatch(LABEL + 110, legend, COLOURS.missed, 'target missed'),
    swatch(LABEL + 235, legend, COLOURS[''], 'no target'),
    `<line x1="${LABEL + 345}" x2="${LABEL + 345}" y1="${legend - 11}" y2="${legend + 2}" stroke="${INK}" stroke-width="2.5"/>`,
    text(LABEL + 354, legend, 'target', { size: 12 }),
    '</svg>',
  );
  return `${parts.join('\n')}\n`;
}

interface TextStyle {
  readonly size: number;
  readonly fill?: string;
  readonly weight?: 'bold';
  readonly anchor?: 'middle' | 'end';
  /** Readable on top of lines. */
  readonly halo?: boolean;
}

function text(x: number, y: number, content: string, { size, fill = INK, weight, anchor, halo }: TextStyle): string {
  const attributes = [
    `x="${x}" y="${y}" font-size="${size}" fill="${fill}"`,
    weight === undefined ? '' : ` font-weight="${weight}"`,
    anchor === undefined ? '' : ` text-anchor="${anchor}"`,
    halo === true ? ' stroke="#ffffff" stroke-width="4" paint-order="stroke"' : '',
  ];
  return `<text ${attributes.join('')}>${escape(content)}</text>`;
}

function swatch(x: number, y: number, colour: string, label: string): string {
  return `<rect x="${x}" y="${y - 10}" width="11" height="11" rx="2" fill="${colour}"/>${text(x + 17, y, label, { size: 12 })}`;
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
