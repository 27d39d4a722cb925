import { h } from 'preact';
import type { ComponentChild } from 'preact';
import { name } from './format.ts';
import type { Node, Overview } from './types.ts';

export function enginesOf({ topology }: Overview): Node[] {
  return (topology?.nodes ?? []).filter(({ role }) => role !== 'replication');
}

interface Props {
  overview: Overview;
  value: string;
  onChange: (id: string) => void;
}

/** Which engine is asked. '' is the master, whoever that is. */
export function EngineChoice({ overview, value, onChange }: Props): ComponentChild {
  return h(
    'label',
    {},
    'Node',
    h(
      'select',
      { value, onChange: (event: Event) => onChange((event.target as HTMLSelectElement).value) },
      enginesOf(overview).map(({ id, role, address }) =>
        h('option', { key: id, value: id }, `${role} ${address || name(id)}`),
      ),
    ),
  );
}

/** The one chosen, or the master, or whichever there is. */
export function chosenEngine(overview: Overview, chosen: string): string {
  const engines = enginesOf(overview);
  return (engines.find(({ id }) => id === chosen) ?? engines[0])?.id ?? '';
}
