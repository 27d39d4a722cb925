import { h } from 'preact';
import type { ComponentChild } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ask } from './api.ts';
import { EngineChoice, chosenEngine } from './engines.ts';
import { dateTime, duration, visible } from './format.ts';
import type { Bytes, Overview } from './types.ts';

interface Entry {
  id: number;
  atSeconds: number;
  micros: number;
  args: Bytes[];
  client: string;
  clientName: string;
}

const EVERY_MS = 2000;

export function SlowLog({ overview }: { overview: Overview }): ComponentChild {
  const [chosen, setChosen] = useState('');
  const [entries, setEntries] = useState<Entry[]>([]);
  const [trouble, setTrouble] = useState('');
  const node = chosenEngine(overview, chosen);
  useEffect(() => {
    let current = true;
    const load = async (): Promise<void> => {
      try {
        const found = await ask<{ entries: Entry[] }>('GET', `/nodes/${node}/slowlog?limit=128`);
        if (!current) return;
        setEntries(found.entries);
        setTrouble('');
      } catch (error) {
        if (current) setTrouble((error as Error).message);
      }
    };
    if (node !== '') void load();
    const timer = setInterval(() => void load(), EVERY_MS);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [node]);
  return h(
    'section',
    { class: 'panel', 'aria-label': 'Slow log' },
    h('div', { class: 'form' }, h(EngineChoice, { overview, value: node, onChange: setChosen })),
    trouble === '' ? null : h('p', { class: 'error', role: 'alert' }, trouble),
    h(
      'div',
      { class: 'scroll', tabIndex: 0 },
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ['When', 'Took', 'Command', 'Client'].map((one) => h('th', { scope: 'col' }, one)),
          ),
        ),
        h(
          'tbody',
          {},
          entries.map(({ id, atSeconds, micros, args, client, clientName }) =>
            h(
              'tr',
              { key: id },
              h('td', {}, dateTime(atSeconds * 1000)),
              h('td', { class: 'number' }, duration(micros / 1000)),
              h('td', { class: 'bytes' }, args.map(visible).join(' ')),
              h('td', {}, `${client} ${clientName}`),
            ),
          ),
        ),
      ),
      entries.length === 0 ? h('p', { class: 'muted' }, 'Nothing was slower than slowlog-log-slower-than.') : null,
    ),
  );
}
