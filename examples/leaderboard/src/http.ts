import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { Refused } from './leaderboard.ts';
import type { Leaderboard } from './leaderboard.ts';

/**
 * The score service over HTTP, JSON in and out:
 *
 *   GET  /seasons
 *   PUT  /seasons/:season                    { "startsAt": "2026-03-01", "endsAt": "2026-06-01" }
 *   POST /seasons/:season/scores             { "player": "ada", "score": 4200, "waitForSlaveMs": 100 }
 *   GET  /seasons/:season/top?count=10&offset=0
 *   GET  /seasons/:season/players/:player?neighbours=2
 *   GET  /seasons/:season/feed?count=10
 *   GET  /players/:player
 */
export function leaderboardServer(board: Leaderboard): Server {
  return createServer((request, response) => {
    answer(board, request).then(
      ({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(`${JSON.stringify(body)}\n`);
      },
      () => response.destroy(),
    );
  });
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const BODY_BYTES_MAX = 16 * 1024;
const STATUS = { 'unknown-season': 404, 'closed-season': 409, 'bad-request': 400 } as const;

async function answer(board: Leaderboard, request: IncomingMessage): Promise<Answer> {
  try {
    const body = await route(board, request);
    return body === undefined ? { status: 404, body: { error: 'there is nothing here' } } : { status: 200, body };
  } catch (error) {
    if (error instanceof Refused) return { status: STATUS[error.kind], body: { error: error.message } };
    // The master is away, or its log does not answer. Submissions may be repeated: a score never counts twice.
    return { status: 503, body: { error: (error as Error).message } };
  }
}

async function route(board: Leaderboard, request: IncomingMessage): Promise<unknown> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const [root, name, part, player] = decoded(url.pathname);
  const count = (field: string, fallback: number): number => Number(url.searchParams.get(field) ?? fallback);
  const { method } = request;
  if (root === 'players' && name !== undefined && part === undefined) {
    return method === 'GET' ? board.history(name) : undefined;
  }
  if (root !== 'seasons') return undefined;
  if (name === undefined) return method === 'GET' ? board.seasons() : undefined;
  if (part === undefined) {
    if (method !== 'PUT') return undefined;
    const { startsAt, endsAt } = await bodyOf(request);
    return board.putSeason(name, Date.parse(String(startsAt)), Date.parse(String(endsAt)));
  }
  if (part === 'scores' && method === 'POST') {
    const { player, score, waitForSlaveMs = 0 } = await bodyOf(request);
    if (typeof player !== 'string' || typeof score !== 'number' || !isWait(waitForSlaveMs)) {
      throw new Refused('bad-request', 'a score needs a player (text) and a score (number)');
    }
    return board.submit(name, player, score, { waitForSlaveMs });
  }
  if (method !== 'GET') return undefined;
  if (part === 'top') return board.top(name, count('count', 10), count('offset', 0));
  if (part === 'feed') return board.feed(name, count('count', 10));
  if (part === 'players' && player !== undefined) return board.around(name, player, count('neighbours', 2));
  return undefined;
}

function decoded(path: string): string[] {
  try {
    return path.split('/').slice(1).map(decodeURIComponent);
  } catch {
    throw new Refused('bad-request', 'the address is not well encoded');
  }
}

function isWait(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 1000;
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Refused('bad-request', 'the body is too long');
    chunks.push(chunk);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  } catch {
    // not JSON
  }
  throw new Refused('bad-request', 'the body is a JSON object');
}
