import { h } from 'preact';
import type { ComponentChild } from 'preact';

const WIDTH = 120;
const HEIGHT = 28;
/** The last two minutes. */
const POINTS = 120;

/** A line without axes. */
export function Spark({ values, label }: { values: (number | null)[]; label: string }): ComponentChild {
  const last = values.slice(-POINTS);
  const max = Math.max(1, ...last.map((value) => value ?? 0));
  const points = last
    .map((value, i) => [
      WIDTH - (last.length - 1 - i) * (WIDTH / POINTS),
      HEIGHT - 2 - ((value ?? 0) / max) * (HEIGHT - 4),
    ])
    .map(([x, y]) => `${x!.toFixed(1)},${y!.toFixed(1)}`)
    .join(' ');
  return h(
    'svg',
    {
      class: 'spark',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: 'img',
      'aria-label': label,
      preserveAspectRatio: 'none',
    },
    h('polyline', { points, fill: 'none' }),
  );
}
