/**
 * The latency monitor: of each kind of event that took `latency-monitor-threshold` milliseconds or more, the last 160
 * seconds that had one, with the longest of each. Who measures asks first whether it is on (Context.latencyStart), so
 * that it costs one comparison when it is off.
 */

const SAMPLES_MAX = 160;

export interface LatencySample {
  readonly seconds: number;
  ms: number;
}

export class LatencyEvent {
  /** The longest ever, in milliseconds. */
  max = 0;
  /** Oldest first. */
  readonly samples: LatencySample[] = [];

  get last(): LatencySample {
    return this.samples[this.samples.length - 1];
  }
}

export class LatencyMonitor {
  readonly events = new Map<string, LatencyEvent>();

  add(name: string, ms: number, seconds: number): void {
    let event = this.events.get(name);
    if (event === undefined) this.events.set(name, (event = new LatencyEvent()));
    event.max = Math.max(event.max, ms);
    const { samples } = event;
    if (samples.length > 0 && event.last.seconds === seconds) {
      event.last.ms = Math.max(event.last.ms, ms);
      return;
    }
    samples.push({ seconds, ms });
    if (samples.length > SAMPLES_MAX) samples.shift();
  }
}

const COLUMNS = 80;
const ROWS = 4;
const STEPS_PER_ROW = '_o#';

/** LATENCY GRAPH: columns of characters, each with how long ago it was written below it, from top to bottom. */
export function latencyGraph(name: string, event: LatencyEvent, nowSeconds: number): string {
  const values = event.samples.map(({ ms }) => ms);
  const low = Math.min(...values);
  const high = Math.max(...values);
  let text = `${name} - high ${high} ms, low ${low} ms (all time high ${event.max} ms)\n${'-'.repeat(COLUMNS)}\n`;
  const columns = event.samples.map(({ seconds, ms }) => {
    return { step: stepOf(ms - low, high - low), label: age(nowSeconds - seconds) };
  });
  for (let from = 0; from < columns.length; from += COLUMNS) {
    if (from > 0) text += '\n';
    text += block(columns.slice(from, from + COLUMNS));
  }
  return text;
}

function stepOf(value: number, range: number): number {
  const steps = ROWS * STEPS_PER_ROW.length;
  return Math.min(steps - 1, Math.floor((value * steps) / Math.max(1, range)));
}

function block(columns: readonly { readonly step: number; readonly label: string }[]): string {
  const lines: string[] = [];
  for (let row = ROWS - 1; row >= 0; row--) {
    const base = row * STEPS_PER_ROW.length;
    const characters = columns.map(({ step }) => {
      if (step < base) return ' ';
      return step - base < STEPS_PER_ROW.length ? STEPS_PER_ROW[step - base] : '|';
    });
    lines.push(characters.join(''));
  }
  lines.push(' '.repeat(columns.length));
  const longest = Math.max(...columns.map(({ label }) => label.length));
  for (let i = 0; i < longest; i++) lines.push(columns.map(({ label }) => label[i] ?? ' ').join(''));
  return `${lines.join('\n')}\n`;
}

function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86400)}d`;
}
