// A reporter for Node's test runner that writes nothing but the closing numbers, as JSON.

import type { TestEvent } from 'node:test/reporters';

export default async function* countReporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    // Each file has a summary as well; the one without a file is the whole run's.
    if (event.type !== 'test:summary' || event.data.file !== undefined) continue;
    const { tests, passed, cancelled, skipped, todo } = event.data.counts;
    yield JSON.stringify({
      tests,
      pass: passed,
      fail: tests - passed - cancelled - skipped - todo,
      cancelled,
      skipped,
      todo,
    });
  }
}
