/** The API behind the page: with the token of this session, which no other tab has and which is gone with this one. */

const TOKEN = 'weir-token';

export class ApiError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const token = {
  get: (): string => sessionStorage.getItem(TOKEN) ?? '',
  set: (text: string): void => sessionStorage.setItem(TOKEN, text),
  forget: (): void => sessionStorage.removeItem(TOKEN),
};

const REQUEST_MS = 35_000;

function headersOf(more: Record<string, string>): Record<string, string> {
  const known = token.get();
  return known === '' ? more : { ...more, authorization: `Bearer ${known}` };
}

async function refuse(reply: Response): Promise<never> {
  const body = (await reply.json().catch(() => ({}))) as { code?: string; detail?: string; title?: string };
  const text = body.detail === undefined || body.detail === '' ? body.title : body.detail;
  throw new ApiError(reply.status, body.code ?? 'internal', text ?? `HTTP ${reply.status}`);
}

export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const reply = await fetch(`/api/v1${path}`, {
    method,
    headers: headersOf(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(REQUEST_MS),
    cache: 'no-store',
  });
  if (!reply.ok) return refuse(reply);
  return (reply.status === 204 ? null : await reply.json()) as T;
}

export async function download(path: string, name: string): Promise<void> {
  const reply = await fetch(`/api/v1${path}`, { headers: headersOf({}) });
  if (!reply.ok) return refuse(reply);
  const url = URL.createObjectURL(await reply.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Server-sent events, until the stream ends or `signal` says so. An EventSource could not send the token. */
export async function events(
  method: string,
  path: string,
  onEvent: (name: string, data: unknown) => void,
  signal: AbortSignal,
  body?: unknown,
): Promise<void> {
  const reply = await fetch(`/api/v1${path}`, {
    method,
    headers: headersOf({
      accept: 'text/event-stream',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
    cache: 'no-store',
  });
  if (!reply.ok || reply.body === null) return refuse(reply);
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string): string =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
      const data = field('data');
      if (data !== '') onEvent(field('event'), JSON.parse(data));
    }
  }
}
