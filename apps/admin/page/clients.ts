import { h } from 'preact';
import type { ComponentChild } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ask } from './api.ts';
import { Dialog } from './dialog.ts';
import { EngineChoice, chosenEngine } from './engines.ts';
import { duration, size } from './format.ts';
import type { Overview, Who } from './types.ts';

type Client = Record<string, string>;

const EVERY_MS = 2000;
const SHOWN_MAX = 500;

export function Clients({ overview, who }: { overview: Overview; who: Who | null }): ComponentChild {
  const [chosen, setChosen] = useState('');
  const [clients, setClients] = useState<Client[]>([]);
  const [trouble, setTrouble] = useState('');
  const [killing, setKilling] = useState<Client | null>(null);
  const [round, setRound] = useState(0);
  const node = chosenEngine(overview, chosen);
  useEffect(() => {
    let current = true;
    const load = async (): Promise<void> => {
      try {
        const found = await ask<{ clients: Client[] }>('GET', `/nodes/${node}/clients`);
        if (!current) return;
        setClients(found.clients);
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
  }, [node, round]);
  const kill = async (client: Client): Promise<void> => {
    try {
      await ask('DELETE', `/nodes/${node}/clients/${client['id']}`);
      setRound(round + 1);
    } catch (error) {
      setTrouble((error as Error).message);
    }
  };
  const heads = ['Id', 'Address', 'Name', 'Connected', 'Idle', 'Command', 'Db', 'Memory', ''];
  return h(
    'section',
    { class: 'panel', 'aria-label': 'Clients' },
    h(
      'div',
      { class: 'form' },
      h(EngineChoice, { overview, value: node, onChange: setChosen }),
      h(
        'p',
        { class: 'muted' },
        `${clients.length} clients${clients.length > SHOWN_MAX ? `, ${SHOWN_MAX} are shown` : ''}`,
      ),
    ),
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
            heads.map((one) => h('th', { scope: 'col' }, one)),
          ),
        ),
        h(
          'tbody',
          {},
          clients
            .slice(0, SHOWN_MAX)
            .map((client) =>
              h(
                'tr',
                { key: client['id'] },
                h('td', { class: 'number' }, client['id']),
                h('td', {}, client['addr']),
                h('td', {}, client['name']),
                h('td', { class: 'number' }, duration(1000 * Number(client['age']))),
                h('td', { class: 'number' }, duration(1000 * Number(client['idle']))),
                h('td', {}, client['cmd']),
                h('td', { class: 'number' }, client['db']),
                h('td', { class: 'number' }, size(Number(client['tot-mem'] ?? 0))),
                h(
                  'td',
                  { class: 'actions' },
                  who?.role === 'operate' ? h('button', { onClick: () => setKilling(client) }, 'Kill') : null,
                ),
              ),
            ),
        ),
      ),
    ),
    killing === null
      ? null
      : h(
          Dialog,
          {
            title: `Kill client ${killing['id']}?`,
            action: 'Kill it',
            onClose: () => setKilling(null),
            onDo: () => void kill(killing),
          },
          h(
            'p',
            {},
            `${killing['addr']} ${killing['name'] ?? ''} is disconnected; a client that connects again may go on.`,
          ),
        ),
  );
}
