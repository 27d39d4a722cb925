import { h } from 'preact';
import type { ComponentChild } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from './api.ts';
import { Dialog } from './dialog.ts';
import { EngineChoice, chosenEngine } from './engines.ts';
import { duration } from './format.ts';
import type { Overview, Who } from './types.ts';

interface Said {
  id: number;
  line: string;
  text: string;
  isError: boolean;
  took: string;
}

/** They are meant less often than they are typed. */
const ASKS =
  /^\s*"?(flushall|flushdb|shutdown|debug|swapdb|replicaof|slaveof|failover|config\s+set|config\s+rewrite|weir\s+(repair|logs|handover)|acl\s+(set|del))/i;
const KEPT = 100;

export function Console({ overview, who }: { overview: Overview; who: Who | null }): ComponentChild {
  const [chosen, setChosen] = useState('');
  const [db, setDb] = useState(0);
  const [said, setSaid] = useState<Said[]>([]);
  const [asking, setAsking] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const output = useRef<HTMLDivElement>(null);
  const past = useRef({ lines: [] as string[], at: 0 }).current;
  const node = chosenEngine(overview, chosen);
  useEffect(() => output.current?.scrollTo(0, output.current.scrollHeight), [said]);
  useEffect(() => {
    if (!busy) input.current?.focus();
  }, [busy]);
  if (who?.role !== 'operate') {
    return h(
      'section',
      { class: 'panel' },
      h('p', { class: 'muted' }, 'The console needs a token with the role operate.'),
    );
  }

  const run = async (line: string): Promise<void> => {
    setBusy(true);
    let answer: Omit<Said, 'id' | 'line'>;
    try {
      const { text, isError, ms } = await ask<{ text: string; isError: boolean; ms: number }>(
        'POST',
        `/nodes/${node}/command`,
        { line, db },
      );
      answer = { text, isError, took: duration(ms) };
    } catch (error) {
      answer = { text: (error as Error).message, isError: true, took: '' };
    }
    setSaid((before) => [...before, { id: (before.at(-1)?.id ?? 0) + 1, line, ...answer }].slice(-KEPT));
    setBusy(false);
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    const line = input.current!.value;
    if (line.trim() === '' || busy) return;
    past.lines.push(line);
    past.at = past.lines.length;
    input.current!.value = '';
    if (ASKS.test(line)) setAsking(line);
    else void run(line);
  };
  const recall = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
    if (step === 0) return;
    event.preventDefault();
    past.at = Math.max(0, Math.min(past.lines.length, past.at + step));
    input.current!.value = past.lines[past.at] ?? '';
  };
  return h(
    'section',
    { class: 'panel console', 'aria-label': 'Console' },
    h(
      'div',
      { class: 'form' },
      h(EngineChoice, { overview, value: node, onChange: setChosen }),
      h(
        'label',
        {},
        'Db',
        h('input', {
          type: 'number',
          min: 0,
          value: db,
          onChange: (event: Event) => setDb(Number((event.target as HTMLInputElement).value)),
        }),
      ),
      h('p', { class: 'muted' }, 'Each command has a connection of its own, 5 s and 1 MB of reply.'),
    ),
    h(
      'div',
      { class: 'output', ref: output, role: 'log', 'aria-live': 'polite', tabIndex: 0 },
      said.map(({ id, line, text, isError, took }) =>
        h(
          'div',
          { key: id },
          h('p', { class: 'line' }, `> ${line}`),
          h('pre', { class: isError ? 'error' : '' }, text),
          took === '' ? null : h('small', {}, took),
        ),
      ),
    ),
    h(
      'form',
      { class: 'prompt', onSubmit: submit },
      h('label', { class: 'hidden', for: 'command' }, 'Command'),
      h('span', { 'aria-hidden': true }, '>'),
      h('input', {
        id: 'command',
        ref: input,
        onKeyDown: recall,
        disabled: busy,
        spellcheck: false,
        autocomplete: 'off',
        placeholder: 'GET key',
        maxLength: 16384,
      }),
      h('button', { class: 'primary', disabled: busy }, 'Run'),
    ),
    asking === null
      ? null
      : h(
          Dialog,
          { title: 'Run this?', action: 'Run it', onClose: () => setAsking(null), onDo: () => void run(asking) },
          h('p', {}, h('code', {}, asking)),
        ),
  );
}
