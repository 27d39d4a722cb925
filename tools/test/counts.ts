/** The numbers of Node's test runner, under its own names. */
export interface TestCounts {
  readonly tests: number;
  readonly pass: number;
  readonly fail: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly todo: number;
}

export const noCounts: TestCounts = { tests: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };

export function addCounts(a: TestCounts, b: TestCounts): TestCounts {
  return {
    tests: a.tests + b.tests,
    pass: a.pass + b.pass,
    fail: a.fail + b.fail,
    cancelled: a.cancelled + b.cancelled,
    skipped: a.skipped + b.skipped,
    todo: a.todo + b.todo,
  };
}

/** Throws when the text is not what count-reporter.ts writes, for example when the run was cut off. */
export function parseCounts(text: string): TestCounts {
  const value: unknown = JSON.parse(text);
  const field = (name: string): number => {
    const number: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    if (typeof number !== 'number') throw new Error(`the test runner reported no number of ${name}`);
    return number;
  };
  return {
    tests: field('tests'),
    pass: field('pass'),
    fail: field('fail'),
    cancelled: field('cancelled'),
    skipped: field('skipped'),
    todo: field('todo'),
  };
}
