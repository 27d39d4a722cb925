/** Chromium without a window, driven by its DevTools protocol over the WebSocket that Node has: as much of it as the dashboard's tests need. */

import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const START_MS = 60_000;
const CALL_MS = 30_000;
const END_MS = 10_000;

/** `CHROMIUM`, or the first of the usual names in PATH. Throws with a sentence: the test is not passed over. */
export function findBrowser(env: NodeJS.ProcessEnv = process.env): string {
  const folders = (env['PATH'] ?? '').split(path.delimiter);
  const places = [env['CHROMIUM'] ?? '', ...NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)))];
  for (const place of places.filter((one) => one !== '')) {
    try {
      accessSync(place, constants.X_OK);
      return place;
    } catch {
      // the next one
    }
  }
  throw new Error(
    'the dashboard is tested in Chromium: install it (apt install chromium), or name it by CHROMIUM=/path',
  );
}

export interface Viewport {
  readonly width: number;
  readonly height: number;
  readonly theme?: 'dark' | 'light';
}

interface Answer {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly sessionId?: string;
}

export class Browser {
  readonly #socket: WebSocket;
  readonly #end: () => Promise<void>;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #listeners = new Set<(answer: Answer) => void>();
  #calls = 0;

  private constructor(socket: WebSocket, end: () => Promise<void>) {
    this.#socket = socket;
    this.#end = end;
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id === undefined) for (const listener of this.#listeners) listener(answer);
      else this.#waiting.get(answer.id)?.(answer);
    });
  }

  static async start(): Promise<Browser> {
    const profile = mkdtempSync(path.join(tmpdir(), 'weir-browser-'));
    const child = spawn(
      findBrowser(),
      [
        ...[
          '--headless=new',
          '--no-sandbox',
          '--remote-debugging-port=0',
          `--user-data-dir=${profile}`,
          '--disable-gpu',
        ],
        ...['--disable-dev-shm-usage', '--no-first-run', '--disable-extensions', '--disable-background-networking'],
        ...[
          '--disable-component-update',
          '--disable-sync',
          '--hide-scrollbars',
          '--force-color-profile=srgb',
          'about:blank',
        ],
      ],
      // A group of its own: its helpers go with it.
      { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
    );
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const end = async (): Promise<void> => {
      const late = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), END_MS);
      if (child.exitCode === null) child.kill();
      await ended;
      clearTimeout(late);
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    };
    try {
      const lines = createInterface({ input: child.stderr });
      const url = await bounded(
        START_MS,
        'Chromium did not start',
        new Promise<string>((resolve, reject) => {
          const told: string[] = [];
          child.once('error', reject);
          child.once('exit', (code) => reject(new Error(`Chromium ended with ${code}: ${told.slice(-5).join('\n')}`)));
          lines.on('line', (line) => {
            told.push(line);
            const [, address] = /DevTools listening on (ws:\S+)/.exec(line) ?? [];
            if (address !== undefined) resolve(address);
          });
        }),
      );
      const socket = new WebSocket(url);
      await bounded(
        START_MS,
        'Chromium did not answer',
        new Promise((resolve, reject) => {
          socket.addEventListener('open', resolve);
          socket.addEventListener('error', () => reject(new Error('no connection to Chromium')));
        }),
      );
      return new Browser(socket, end);
    } catch (error) {
      await end();
      throw error;
    }
  }

  async call(method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this.#calls;
    const answer = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    const { result, error } = await bounded(CALL_MS, `${method} did not end`, answer);
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  onEvent(listener: (answer: Answer) => void): void {
    this.#listeners.add(listener);
  }

  async open(url: string, viewport: Viewport): Promise<Tab> {
    const { targetId } = await this.call('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.call('Target.attachToTarget', { targetId, flatten: true });
    const tab = new Tab(this, String(sessionId), String(targetId));
    await tab.prepare(viewport);
    await tab.go(url);
    return tab;
  }

  async stop(): Promise<void> {
    this.#socket.close();
    await this.#end();
  }
}

export class Tab {
  /** What the page complained of: exceptions, errors in the console, what its policy refused. */
  readonly complaints: string[] = [];
  readonly #browser: Browser;
  readonly #session: string;
  readonly #target: string;

  constructor(browser: Browser, session: string, target: string) {
    this.#browser = browser;
    this.#session = session;
    this.#target = target;
    browser.onEvent(({ method, params, sessionId }) => {
      if (sessionId !== session) return;
      if (method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(params?.['exceptionDetails']));
      if (method === 'Log.entryAdded') {
        const { level, text } = params!['entry'] as { level: string; text: string };
        if (level === 'error') this.complaints.push(text);
      }
    });
  }

  async prepare({ width, height, theme = 'light' }: Viewport): Promise<void> {
    for (const domain of ['Page', 'Runtime', 'Log']) await this.call(`${domain}.enable`);
    await this.call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 500 });
    await this.call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: theme }] });
  }

  call(method: string, params: object = {}): Promise<Record<string, unknown>> {
    return this.#browser.call(method, params, this.#session);
  }

  async go(url: string): Promise<void> {
    await this.call('Page.navigate', { url });
  }

  /** The value of an expression in the page, promises awaited. */
  async run<T>(expression: string): Promise<T> {
    const answer = await this.call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    const { result, exceptionDetails } = answer as {
      result: { value: T };
      exceptionDetails?: { text: string; exception?: { description?: string } };
    };
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Text of the first element that a selector finds; '' : there is none. */
  text(selector: string): Promise<string> {
    return this.run(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`);
  }

  async press(key: string, more: { readonly shift?: boolean } = {}): Promise<void> {
    const text = key === 'Enter' ? '\r' : undefined;
    const codes: Record<string, number> = { Tab: 9, Enter: 13, Escape: 27, ArrowUp: 38, ArrowDown: 40 };
    const event = { key, code: key, windowsVirtualKeyCode: codes[key], modifiers: more.shift === true ? 8 : 0 };
    await this.call('Input.dispatchKeyEvent', { type: 'keyDown', ...event, ...(text === undefined ? {} : { text }) });
    await this.call('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
  }

  async type(text: string): Promise<void> {
    await this.call('Input.insertText', { text });
  }

  async picture(): Promise<Buffer> {
    const { data } = await this.call('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true });
    return Buffer.from(String(data), 'base64');
  }

  async close(): Promise<void> {
    await this.#browser.call('Target.closeTarget', { targetId: this.#target });
  }
}

async function bounded<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
