import { h } from 'preact';
import type { ComponentChild } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

export interface Series {
  label: string;
  values: (number | null)[];
  /** One of the eight colors of the style sheet. */
  color: number;
}

interface Props {
  title: string;
  atMs: number[];
  series: Series[];
  format: (value: number) => string;
}

const HEIGHT = 150;

const css = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Lines over time, the newest value beside each name. What the canvas shows stands in the legend as text as well. */
export function Chart({ title, atMs, series, format }: Props): ComponentChild {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shape = series.map(({ label, color }) => `${label} ${color}`).join();
  const formatting = useRef(format);
  formatting.current = format;

  useEffect(() => {
    const { current: element } = place;
    if (element === null) return undefined;
    const made = new uPlot(
      options(element.clientWidth, series, (value) => formatting.current(value)),
      [[]],
      element,
    );
    plot.current = made;
    const resize = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => {
    plot.current?.setData([atMs.map((ms) => ms / 1000), ...series.map(({ values }) => values)] as uPlot.AlignedData);
  });

  return h(
    'figure',
    { class: 'panel chart' },
    h('figcaption', {}, title),
    h('div', { class: 'plot', ref: place, 'aria-hidden': true }),
    h(
      'ul',
      { class: 'legend' },
      series.map(({ label, values, color }) => {
        const last = values.at(-1);
        return h(
          'li',
          { key: label },
          h('i', { class: `c${color}` }),
          h('span', {}, label),
          h('b', {}, last === null || last === undefined ? '–' : format(last)),
        );
      }),
      series.length === 0 ? h('li', {}, h('span', { class: 'muted' }, 'nothing to show')) : null,
    ),
  );
}

function options(width: number, series: Series[], format: (value: number) => string): uPlot.Options {
  const axis = {
    stroke: () => css('--muted'),
    grid: { stroke: () => css('--line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui',
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    // Nought is where it is; nothing at all is a flat line at the bottom.
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.15 : 1] } },
    axes: [
      {
        ...axis,
        size: 24,
        space: 60,
        values: (_plot, at) => at.map((seconds) => new Date(seconds * 1000).toLocaleTimeString('en-GB')),
      },
      { ...axis, size: 58, space: 30, values: (_plot, values) => values.map(format) },
    ],
    series: [
      {},
      ...series.map(({ label, color }) => ({
        label,
        stroke: () => css(`--c${color}`),
        width: 1.5,
        points: { show: false },
        spanGaps: false,
      })),
    ],
  };
}
