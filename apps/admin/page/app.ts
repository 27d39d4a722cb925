import { h } from 'preact';
import type { ComponentChild } from 'preact';
import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import { ApiError, ask, token } from './api.ts';
import { Clients } from './clients.ts';
import { Console } from './console.ts';
import { Keys } from './keys.ts';
import { OverviewPage } from './overview.ts';
import { SlowLog } from './slowlog.ts';
import { follow } from './stream.ts';
import type { Seen } from './stream.ts';
import type { Who } from './types.ts';

const PAGES = {
  overview: 'Overview',
  keys: 'Keys',
  clients: 'Clients',
  slowlog: 'Slow log',
  console: 'Console',
} as const;
type Page = keyof typeof PAGES;

/** What is older says so. */
const STALE_MS = 2000;
const THEME = 'weir-theme';

function currentPage(): Page {
  const name = location.hash.slice(1);
  return name in PAGES ? (name as Page) : 'overview';
}

export function App(): ComponentChild {
  const [session, setSession] = useState(0);
  const [who, setWho] = useState<Who | null>(null);
  const [page, setPage] = useState(currentPage);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const seen = useRef<Seen>({ overview: null, history: { atMs: [], nodes: {} }, cameMs: 0, trouble: null }).current;

  useEffect(() => {
    const turn = (): void => setPage(currentPage());
    addEventListener('hashchange', turn);
    // Nothing comes: then the age has to be told all the same.
    const timer = setInterval(() => redraw(0), 500);
    return () => {
      removeEventListener('hashchange', turn);
      clearInterval(timer);
    };
  }, []);
  useEffect(() => {
    const end = new AbortController();
    seen.trouble = null;
    ask<Who>('GET', '/whoami').then(setWho, () => setWho(null));
    void follow(seen, () => redraw(0), end.signal);
    return () => end.abort();
  }, [session]);

  const locked = seen.trouble instanceof ApiError && seen.trouble.status === 401;
  const ageMs = seen.cameMs === 0 ? Infinity : performance.now() - seen.cameMs;
  const { overview } = seen;
  return h(
    'div',
    { class: 'app' },
    h(Header, { seen, page, who, ageMs, onLeave: () => (token.forget(), setWho(null), setSession(session + 1)) }),
    locked
      ? h(Locked, { why: token.get() === '' ? '' : seen.trouble!.message, onToken: () => setSession(session + 1) })
      : h(
          'main',
          { id: 'main', class: ageMs > STALE_MS && seen.cameMs > 0 ? 'stale' : '' },
          overview === null
            ? h('p', { class: 'waiting' }, seen.trouble?.message ?? 'Looking at the cluster …')
            : page === 'keys'
              ? h(Keys, { overview, who })
              : page === 'clients'
                ? h(Clients, { overview, who })
                : page === 'slowlog'
                  ? h(SlowLog, { overview })
                  : page === 'console'
                    ? h(Console, { overview, who })
                    : h(OverviewPage, { overview, history: seen.history, who }),
        ),
  );
}

interface HeaderProps {
  seen: Seen;
  page: Page;
  who: Who | null;
  ageMs: number;
  onLeave: () => void;
}

function Header({ seen, page, who, ageMs, onLeave }: HeaderProps): ComponentChild {
  const { overview } = seen;
  const topology = overview?.topology;
  return h(
    'header',
    {},
    h('a', { class: 'skip', href: '#main', onClick: skip }, 'Skip to content'),
    h(
      'div',
      { class: 'bar' },
      h(
        'h1',
        {},
        h('span', { class: 'mark', 'aria-hidden': true }),
        'Weir',
        h('span', { class: 'cluster' }, topology?.cluster ?? ''),
      ),
      h(Freshness, { ageMs, trouble: seen.trouble }),
      h('span', { class: 'grow' }),
      who === null ? null : h('span', { class: 'who' }, `${who.name} · ${who.role}`),
      token.get() === '' ? null : h('button', { class: 'quiet', onClick: onLeave }, 'Forget token'),
      h('button', { class: 'quiet', onClick: turnTheme, 'aria-label': 'Dark or light' }, '◐'),
      h('a', { class: 'quiet', href: '/docs' }, 'API'),
    ),
    h(
      'nav',
      { 'aria-label': 'Views' },
      (Object.keys(PAGES) as Page[]).map((one) =>
        h('a', { href: `#${one}`, 'aria-current': one === page ? 'page' : undefined }, PAGES[one]),
      ),
    ),
  );
}

function skip(event: Event): void {
  event.preventDefault();
  const main = document.getElementById('main');
  main?.setAttribute('tabindex', '-1');
  main?.focus();
}

function Freshness({ ageMs, trouble }: { ageMs: number; trouble: Error | null }): ComponentChild {
  if (ageMs <= STALE_MS) return h('span', { class: 'fresh', role: 'status' }, 'live');
  const age = ageMs === Infinity ? 'no data yet' : `${Math.round(ageMs / 1000)} s old`;
  const why = trouble === null ? '' : `: ${trouble.message}`;
  return h('span', { class: 'fresh old', role: 'status', title: trouble?.message ?? '' }, `${age}${why}`);
}

function Locked({ why, onToken }: { why: string; onToken: () => void }): ComponentChild {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    token.set(input.current!.value.trim());
    onToken();
  };
  return h(
    'main',
    { id: 'main' },
    h(
      'form',
      { class: 'locked panel', onSubmit: submit },
      h('h2', {}, 'A token, please'),
      h('p', {}, 'It is one of the admin app’s token file, and stays in this tab until that is closed.'),
      why === '' ? null : h('p', { class: 'error', role: 'alert' }, why),
      h(
        'label',
        {},
        'Token',
        h('input', { ref: input, type: 'password', autocomplete: 'off', name: 'token', required: true }),
      ),
      h('button', { class: 'primary' }, 'Look'),
    ),
  );
}

const stored = localStorage.getItem(THEME);
if (stored !== null) document.documentElement.dataset['theme'] = stored;

function turnTheme(): void {
  const { dataset } = document.documentElement;
  const dark =
    dataset['theme'] === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : dataset['theme'] === 'dark';
  dataset['theme'] = dark ? 'light' : 'dark';
  localStorage.setItem(THEME, dataset['theme']);
}
