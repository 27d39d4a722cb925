import recorded from '../fixtures/redis-7.0.15.json' with { type: 'json' };

/** What a real redis-server 7.0.15 did (fixtures/record.ts); for tests. Strings are byte strings. */
export interface RedisFixture {
  readonly defaults: Record<string, string>;
  readonly hidden: Record<string, string>;
  readonly get: { patterns: string[]; reply: Record<string, string> }[];
  readonly set: { pairs: string[]; reply: string | { error: string }; after: Record<string, string> }[];
  readonly files: { text: string; names: string[]; after?: Record<string, string>; error?: string }[];
  readonly commandLines: {
    file?: string;
    argv: string[];
    names: string[];
    after?: Record<string, string>;
    error?: string;
  }[];
  readonly rewrites: { before: string; sets: string[][]; users: string[]; after: string }[];
  readonly glob: { keys: string[]; cases: [pattern: string, matches: number[]][] };
}

export const redis = recorded as unknown as RedisFixture;
