import { isLogError } from '@weir/log';

/**
 * Every way in which a request can fail, by a code that stays as it is: clients look at the code, people at the detail. docs/admin.md lists the
 * codes; a test holds it to this table.
 */
export const PROBLEMS = {
  'bad-request': [400, 'The request is not valid'],
  unauthorized: [401, 'A valid bearer token is needed'],
  forbidden: [403, 'The token does not allow this'],
  'not-found': [404, 'There is nothing at this address'],
  'no-such-node': [404, 'No node of this id takes part in the log'],
  'no-such-record': [404, 'The log has no record at this sequence'],
  'no-such-snapshot': [404, 'The log has no snapshot of this id'],
  'no-such-restore': [404, 'There is no restore of this id'],
  'no-such-client': [404, 'The node has no client of this id'],
  'no-such-key': [404, 'The node has no such key'],
  'node-refused': [409, 'The node refused the command'],
  'config-refused': [409, 'A node refused a setting'],
  'snapshot-needed': [409, 'The snapshot is still needed'],
  'snapshot-busy': [409, 'A snapshot is being made'],
  'restore-busy': [409, 'No restore can be made now'],
  'log-ahead': [409, 'The log does not reach so far yet'],
  'log-changed': [410, 'It was another log'],
  'log-trimmed': [410, 'The log was trimmed past this sequence'],
  'too-large': [413, 'The request or the record is too large'],
  'too-many-requests': [429, 'Too many requests'],
  'too-many-streams': [429, 'Too many streams are open'],
  internal: [500, 'An unexpected error'],
  'log-damaged': [502, 'What is stored does not pass its checks'],
  'node-unreachable': [502, 'The node does not answer'],
  'snapshot-failed': [502, 'The snapshot was not made or removed'],
  'restore-failed': [502, 'The restore was not made'],
  'log-unknown': [503, 'It is not known yet where the log is'],
  'log-unavailable': [503, 'The log does not answer'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Expected: it is answered as it is, and no stack is logged. */
export class Problem extends Error {
  readonly code: ProblemCode;
  /** Members of the answer beside those of RFC 9457. */
  readonly more: Readonly<Record<string, unknown>>;

  constructor(code: ProblemCode, detail: string, more: Readonly<Record<string, unknown>> = {}) {
    super(detail);
    this.name = 'Problem';
    this.code = code;
    this.more = more;
  }

  get status(): number {
    return PROBLEMS[this.code][0];
  }

  /** The body of an application/problem+json answer. */
  body(): Record<string, unknown> {
    const [status, title] = PROBLEMS[this.code];
    return {
      type: `urn:weir:problem:${this.code}`,
      title,
      status,
      detail: this.message,
      code: this.code,
      ...this.more,
    };
  }
}

/** Whatever was thrown, as a problem. Of what was not expected nothing is told but that it happened. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isLogError(error)) {
    switch (error.code) {
      case 'snapshot-missing':
        return new Problem('no-such-snapshot', error.message);
      case 'log-trimmed':
        return new Problem('log-trimmed', error.message);
      case 'log-corrupt':
      case 'log-diverged':
      case 'log-lost':
      case 'log-newer':
      case 'snapshot-damaged':
        return new Problem('log-damaged', error.message);
      default:
        return new Problem('log-unavailable', error.message);
    }
  }
  const { statusCode, code, message, retryAfterSeconds } = error as {
    statusCode?: number;
    code?: string;
    message?: string;
    retryAfterSeconds?: number;
  };
  if (statusCode === 413) return new Problem('too-large', message ?? '');
  if (statusCode === 429) {
    return new Problem(
      'too-many-requests',
      message ?? '',
      retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
    );
  }
  // Fastify's own: a body that is no JSON, a value that the schema refuses, an unknown media type.
  if (code === 'FST_ERR_NOT_FOUND' || statusCode === 404) return new Problem('not-found', message ?? '');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new Problem('bad-request', message ?? '');
  return new Problem('internal', 'it was logged');
}
