import { h } from 'preact';
import type { ComponentChild, ComponentChildren } from 'preact';
import { count, duration, size, visible } from './format.ts';
import type { Bytes } from './types.ts';

export interface ShownKey {
  node: string;
  key: Bytes;
  type: string;
  encoding: string;
  ttlMs: number | null;
  memoryBytes: number;
  length: number;
  elementsShown: number;
  value: unknown;
}

interface Props {
  shown: ShownKey;
  canDelete: boolean;
  onDelete: () => void;
}

/** A key with the first part of its value. Whatever the bytes are, they become text. */
export function KeyView({ shown, canDelete, onDelete }: Props): ComponentChild {
  const { key, type, encoding, ttlMs, memoryBytes, length, elementsShown } = shown;
  return h(
    'article',
    { class: 'value' },
    h('h3', { class: 'bytes' }, visible(key)),
    h(
      'p',
      { class: 'figures' },
      h('span', {}, type),
      h('span', {}, encoding),
      h('span', {}, size(memoryBytes)),
      h('span', {}, type === 'string' ? `${count(length)} bytes` : `${count(length)} elements`),
      h('span', {}, ttlMs === null ? 'does not expire' : `expires in ${duration(ttlMs)}`),
      canDelete ? h('button', { class: 'danger', onClick: onDelete }, 'Delete') : null,
    ),
    h('div', { class: 'scroll', tabIndex: 0 }, valueOf(shown)),
    type !== 'string' && elementsShown < length
      ? h('p', { class: 'muted' }, `The first ${count(elementsShown)} are shown.`)
      : null,
  );
}

function table(heads: string[], rows: ComponentChildren[][]): ComponentChild {
  return h(
    'table',
    {},
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        heads.map((one) => h('th', { scope: 'col' }, one)),
      ),
    ),
    h(
      'tbody',
      {},
      rows.map((row, i) =>
        h(
          'tr',
          { key: i },
          row.map((cell) => h('td', { class: 'bytes' }, cell)),
        ),
      ),
    ),
  );
}

function valueOf({ type, value }: ShownKey): ComponentChild {
  switch (type) {
    case 'string':
      return h('pre', { class: 'bytes' }, visible(value as Bytes));
    case 'hash':
      return table(
        ['Field', 'Value'],
        (value as { field: Bytes; value: Bytes }[]).map((one) => [visible(one.field), visible(one.value)]),
      );
    case 'zset':
      return table(
        ['Score', 'Member'],
        (value as { member: Bytes; score: string }[]).map((one) => [one.score, visible(one.member)]),
      );
    case 'stream':
      return table(
        ['Id', 'Fields'],
        (value as { id: string; fields: { field: Bytes; value: Bytes }[] }[]).map(({ id, fields }) => [
          id,
          fields.map((one) => `${visible(one.field)}: ${visible(one.value)}`).join(', '),
        ]),
      );
    default:
      return table(
        ['', 'Element'],
        (value as Bytes[]).map((one, i) => [String(i), visible(one)]),
      );
  }
}
