import { h } from 'preact';
import type { ComponentChild } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { ask } from './api.ts';
import { Dialog } from './dialog.ts';
import { EngineChoice, chosenEngine } from './engines.ts';
import { count, size, visible } from './format.ts';
import { KeyView } from './key-view.ts';
import type { ShownKey } from './key-view.ts';
import type { Bytes, Overview, Who } from './types.ts';

const TYPES = ['', 'string', 'list', 'set', 'zset', 'hash', 'stream'];

interface Page {
  keys: Bytes[];
  cursor: string;
}

export function addressOf(key: Bytes): string {
  return `${encodeURIComponent(key.text)}?encoding=${key.encoding}`;
}

export function Keys({ overview, who }: { overview: Overview; who: Who | null }): ComponentChild {
  const [chosen, setChosen] = useState('');
  const [found, setFound] = useState<Page | null>(null);
  const [shown, setShown] = useState<ShownKey | null>(null);
  const [removing, setRemoving] = useState<Bytes | null>(null);
  const [told, setTold] = useState('');
  const form = useRef<HTMLFormElement>(null);
  const node = chosenEngine(overview, chosen);

  const field = (name: string): string => (form.current!.elements.namedItem(name) as HTMLInputElement).value;
  const guard = async (work: () => Promise<void>): Promise<void> => {
    setTold('');
    try {
      await work();
    } catch (error) {
      setTold((error as Error).message);
    }
  };
  const scan = (cursor: string): Promise<void> =>
    guard(async () => {
      const query = new URLSearchParams({ node, cursor, limit: '100', db: field('db') || '0' });
      for (const name of ['pattern', 'type', 'min-bytes', 'expiry'])
        if (field(name) !== '') query.set(name, field(name));
      const page = await ask<Page>('GET', `/keys?${query}`);
      setFound((before) =>
        cursor === '0' || before === null ? page : { ...page, keys: [...before.keys, ...page.keys] },
      );
      if (cursor === '0') setShown(null);
    });
  const largest = (): Promise<void> =>
    guard(async () => {
      setTold('Looking at the keys …');
      const query = new URLSearchParams({ node, scan: '5000', db: field('db') || '0' });
      const { big, scanned } = await ask<{ big: Bytes[]; scanned: number }>('GET', `/big-keys?${query}`);
      setFound({ keys: big, cursor: '0' });
      setShown(null);
      setTold(`The largest of ${count(scanned)} keys.`);
    });
  const open = (key: Bytes): Promise<void> =>
    guard(async () =>
      setShown(await ask<ShownKey>('GET', `/keys/${addressOf(key)}&node=${node}&db=${field('db') || '0'}`)),
    );
  const remove = (key: Bytes): Promise<void> =>
    guard(async () => {
      await ask('DELETE', `/keys/${addressOf(key)}&db=${field('db') || '0'}`);
      setShown(null);
      setFound((before) =>
        before === null ? null : { ...before, keys: before.keys.filter((one) => one.text !== key.text) },
      );
      setTold('The key is deleted.');
    });

  return h(
    'section',
    { class: 'panel keys', 'aria-label': 'Keys' },
    h(
      'form',
      { class: 'form', ref: form, onSubmit: (event: Event) => (event.preventDefault(), void scan('0')) },
      h(EngineChoice, { overview, value: node, onChange: setChosen }),
      h('label', {}, 'Db', h('input', { name: 'db', type: 'number', min: 0, defaultValue: '0' })),
      h('label', { class: 'grow' }, 'Pattern', h('input', { name: 'pattern', placeholder: 'user:*', maxLength: 1024 })),
      h(
        'label',
        {},
        'Type',
        h(
          'select',
          { name: 'type' },
          TYPES.map((one) => h('option', { value: one }, one || 'any')),
        ),
      ),
      h('label', {}, 'At least, bytes', h('input', { name: 'min-bytes', type: 'number', min: 0, placeholder: 'any' })),
      h(
        'label',
        {},
        'Expiry',
        h(
          'select',
          { name: 'expiry' },
          Object.entries({ '': 'any', with: 'expires', without: 'does not' }).map(([value, text]) =>
            h('option', { value }, text),
          ),
        ),
      ),
      h('button', { class: 'primary' }, 'Scan'),
      h('button', { type: 'button', onClick: () => void largest() }, 'Largest'),
    ),
    h('p', { class: 'told', role: 'status' }, told),
    h(
      'div',
      { class: 'split' },
      h(
        'div',
        { class: 'list' },
        found === null
          ? h('p', { class: 'muted' }, 'Nothing was scanned yet.')
          : h('p', { class: 'muted' }, `${count(found.keys.length)} keys`),
        h(
          'ul',
          {},
          found?.keys.map((key) =>
            h(
              'li',
              { key: `${key.encoding} ${key.text}` },
              h(
                'button',
                { class: 'key', onClick: () => void open(key) },
                key.memoryBytes === undefined ? visible(key) : `${visible(key)}  ·  ${size(key.memoryBytes)}`,
              ),
            ),
          ),
        ),
        found !== null && found.cursor !== '0' ? h('button', { onClick: () => void scan(found.cursor) }, 'More') : null,
      ),
      shown === null
        ? null
        : h(KeyView, { shown, canDelete: who?.role === 'operate', onDelete: () => setRemoving(shown.key) }),
    ),
    removing === null
      ? null
      : h(
          Dialog,
          {
            title: 'Delete this key?',
            action: 'Delete it',
            onClose: () => setRemoving(null),
            onDo: () => void remove(removing),
          },
          h('p', {}, h('code', { class: 'bytes' }, visible(removing)), ' goes on every node.'),
        ),
  );
}
