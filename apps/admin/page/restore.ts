import { h } from 'preact';
import type { ComponentChild } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { download, events } from './api.ts';
import { count, size } from './format.ts';
import type { Overview } from './types.ts';

interface Restored {
  id: string;
  seq: number;
  keys: number;
  bytes: number;
  folder: string;
}

interface Told {
  phase?: string;
  done?: number;
  total?: number;
  detail?: string;
}

const PHASES: Record<string, string> = {
  loading: 'Loading the snapshot',
  applying: 'Applying the log',
  writing: 'Writing',
};
const MAKE_MS = 6 * 3_600_000;

/** The data set as it was, beside what there is: asks for the point, shows the progress, and how a node begins with it. */
export function Restore({ overview, onClose }: { overview: Overview; onClose: () => void }): ComponentChild {
  const dialog = useRef<HTMLDialogElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const [kind, setKind] = useState('sequence');
  const [told, setTold] = useState<Told | null>(null);
  const [made, setMade] = useState<Restored | null>(null);
  const [trouble, setTrouble] = useState('');
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const snapshots = overview.snapshots.filter(({ state }) => state === 'usable');

  const point = (): object => {
    const value = (form.current!.elements.namedItem('point') as HTMLInputElement).value;
    if (kind === 'snapshot') return { snapshot: value };
    return kind === 'time' ? { timeMs: new Date(value).getTime() } : { sequence: Number(value) };
  };
  const run = async (): Promise<void> => {
    setTrouble('');
    setTold({});
    try {
      await events(
        'POST',
        '/restores',
        (event, data) => {
          if (event === 'progress') setTold(data as Told);
          if (event === 'done') setMade(data as Restored);
          if (event === 'problem') setTrouble((data as Told).detail ?? 'It failed');
        },
        AbortSignal.timeout(MAKE_MS),
        point(),
      );
    } catch (error) {
      setTrouble((error as Error).message);
    }
    setTold(null);
  };
  const { topology } = overview;
  const field =
    kind === 'sequence'
      ? h('input', {
          key: kind,
          name: 'point',
          type: 'text',
          inputMode: 'numeric',
          pattern: '\\d+',
          required: true,
          defaultValue: String(topology?.log.lastSeq ?? ''),
        })
      : kind === 'time'
        ? h('input', { key: kind, name: 'point', type: 'datetime-local', step: 1, required: true })
        : h(
            'select',
            { key: kind, name: 'point', required: true },
            snapshots.map(({ id, seq }) => h('option', { value: id }, `of ${count(seq)}`)),
          );
  return h(
    'dialog',
    { ref: dialog, onClose, 'aria-label': 'Restore' },
    h('h2', {}, 'Restore'),
    h('p', { class: 'muted' }, 'The data set as it was, in a folder of its own. Nothing that runs is touched.'),
    made === null
      ? h(
          'form',
          { ref: form, class: 'form restore', onSubmit: (event: Event) => (event.preventDefault(), void run()) },
          h(
            'label',
            {},
            'To',
            h(
              'select',
              { value: kind, onChange: (event: Event) => setKind((event.target as HTMLSelectElement).value) },
              ['sequence', 'time', 'snapshot'].map((one) => h('option', { value: one }, `a ${one}`)),
            ),
          ),
          h('label', { class: 'grow' }, kind, field),
          h('button', { class: 'primary', disabled: told !== null }, 'Restore'),
        )
      : h(
          'div',
          {},
          h(
            'p',
            { role: 'status' },
            `Sequence ${count(made.seq)}: ${count(made.keys)} keys, ${size(made.bytes)}. A node begins with it:`,
          ),
          h('pre', { class: 'bytes' }, `weir-server --dir ${made.folder} --port 6390`),
        ),
    told === null
      ? null
      : h(
          'label',
          { class: 'progress' },
          PHASES[told.phase ?? ''] ?? 'Looking',
          h('progress', (told.total ?? 0) === 0 ? {} : { value: told.done, max: told.total }),
        ),
    trouble === '' ? null : h('p', { class: 'error', role: 'alert' }, trouble),
    h(
      'p',
      { class: 'actions' },
      h('button', { onClick: onClose }, 'Close'),
      made === null
        ? null
        : h(
            'button',
            { class: 'primary', onClick: () => void download(`/restores/${made.id}/download`, 'dump.rdb') },
            'Download dump.rdb',
          ),
    ),
  );
}
