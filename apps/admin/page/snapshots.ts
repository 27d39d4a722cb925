import { h } from 'preact';
import type { ComponentChild } from 'preact';
import { useState } from 'preact/hooks';
import { ask, download, events } from './api.ts';
import { Dialog } from './dialog.ts';
import { count, dateTime, duration, size } from './format.ts';
import { Restore } from './restore.ts';
import type { Overview, Snapshot, Who } from './types.ts';

/** The snapshots that there are, and making, checking, taking and removing them. */
export function Snapshots({ overview, who }: { overview: Overview; who: Who | null }): ComponentChild {
  const [told, setTold] = useState('');
  const [busy, setBusy] = useState(false);
  const [removing, setRemoving] = useState<Snapshot | null>(null);
  const [restoring, setRestoring] = useState(false);
  const { snapshots } = overview;
  const operates = who?.role === 'operate';
  const newest = snapshots.find(({ state }) => state === 'usable')?.id;

  const run = async (what: string, work: () => Promise<string>): Promise<void> => {
    setBusy(true);
    setTold(`${what} …`);
    try {
      setTold(await work());
    } catch (error) {
      setTold(`${what}: ${(error as Error).message}`);
    } finally {
      setBusy(false);
    }
  };
  const make = (): Promise<void> =>
    run('Making a snapshot', async () => {
      let end = 'The stream ended before the snapshot was made';
      await events(
        'POST',
        '/snapshots',
        (event, data) => {
          const { runningMs = 0, seq, detail } = data as { runningMs?: number; seq?: number; detail?: string };
          if (event === 'progress') setTold(`Making a snapshot, for ${duration(runningMs)} …`);
          if (event === 'done') end = `A snapshot of ${count(seq!)} is usable`;
          if (event === 'problem') end = detail ?? 'It failed';
        },
        AbortSignal.timeout(3_600_000),
      );
      return end;
    });
  const verify = ({ id, seq }: Snapshot): Promise<void> =>
    run('Checking it', async () => {
      let end = 'The stream ended before all was read';
      await events(
        'POST',
        `/snapshots/${id}/verify`,
        (event, data) => {
          const { done = 0, total = 0, detail } = data as { done?: number; total?: number; detail?: string };
          if (event === 'progress') setTold(`Checking it: ${size(done)} of ${size(total)} …`);
          if (event === 'done') end = `All parts of the snapshot of ${count(seq)} are as they were stored`;
          if (event === 'problem') end = detail ?? 'It failed';
        },
        AbortSignal.timeout(3_600_000),
      );
      return end;
    });
  const remove = ({ id, seq }: Snapshot): Promise<void> =>
    run('Removing it', async () => {
      await ask('DELETE', `/snapshots/${id}`);
      return `The snapshot of ${count(seq)} is gone`;
    });

  return h(
    'section',
    { class: 'panel snapshots', 'aria-label': 'Snapshots' },
    h(
      'h2',
      {},
      'Snapshots',
      operates ? h('button', { disabled: busy, onClick: () => setRestoring(true) }, 'Restore …') : null,
      operates ? h('button', { class: 'primary', disabled: busy, onClick: () => void make() }, 'Make one now') : null,
    ),
    h('p', { class: 'told', role: 'status' }, told),
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
            ['Sequence', 'Made', 'Keys', 'Size', 'State', ''].map((one) => h('th', { scope: 'col' }, one)),
          ),
        ),
        h(
          'tbody',
          {},
          snapshots.map((one) =>
            h(
              'tr',
              { key: one.id },
              h('td', { class: 'number' }, count(one.seq)),
              h('td', {}, dateTime(one.createdAt)),
              h('td', { class: 'number' }, count(one.keys)),
              h('td', { class: 'number' }, size(one.bytes)),
              h('td', {}, h('span', { class: `pill ${one.state === 'usable' ? 'good' : 'warning'}` }, one.state)),
              h(
                'td',
                { class: 'actions' },
                h(
                  'button',
                  {
                    disabled: busy,
                    onClick: () =>
                      void run('Downloading', () =>
                        download(`/snapshots/${one.id}/download`, 'dump.rdb').then(() => 'Downloaded dump.rdb'),
                      ),
                  },
                  'Download',
                ),
                operates ? h('button', { disabled: busy, onClick: () => void verify(one) }, 'Check') : null,
                operates && one.id !== newest
                  ? h('button', { disabled: busy, onClick: () => setRemoving(one) }, 'Delete')
                  : null,
              ),
            ),
          ),
        ),
      ),
      snapshots.length === 0
        ? h('p', { class: 'muted' }, 'There is none yet: slaves begin with the log’s first record.')
        : null,
    ),
    restoring ? h(Restore, { overview, onClose: () => setRestoring(false) }) : null,
    removing === null
      ? null
      : h(
          Dialog,
          {
            title: `Delete the snapshot of ${count(removing.seq)}?`,
            action: 'Delete it',
            onClose: () => setRemoving(null),
            onDo: () => void remove(removing),
          },
          h('p', {}, 'What it holds and the log does not is gone with it.'),
        ),
  );
}
