/** What engines answer as text, as values. Pure. */

/** INFO: the fields of all sections. */
export function parseInfo(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

/** INFO by sections, as it stands there. */
export function parseInfoSections(text: string): Record<string, Record<string, string>> {
  const sections: Record<string, Record<string, string>> = {};
  let section: Record<string, string> = {};
  for (const line of text.split('\r\n')) {
    if (line.startsWith('# ')) section = sections[line.slice(2).toLowerCase()] = {};
    else {
      const colon = line.indexOf(':');
      if (colon > 0) section[line.slice(0, colon)] = line.slice(colon + 1);
    }
  }
  return sections;
}

/** 0 where the field is missing or no number. */
export function numberOf(fields: ReadonlyMap<string, string>, name: string): number {
  const value = Number(fields.get(name));
  return Number.isFinite(value) ? value : 0;
}

export interface CommandStat {
  readonly command: string;
  readonly calls: number;
  readonly usec: number;
  readonly rejected: number;
  readonly failed: number;
}

/** Of INFO commandstats. */
export function commandStats(fields: ReadonlyMap<string, string>): CommandStat[] {
  const stats: CommandStat[] = [];
  for (const [name, value] of fields) {
    if (!name.startsWith('cmdstat_')) continue;
    const parts = new Map(value.split(',').map((part) => part.split('=') as [string, string]));
    stats.push({
      command: name.slice('cmdstat_'.length),
      calls: numberOf(parts, 'calls'),
      usec: numberOf(parts, 'usec'),
      rejected: numberOf(parts, 'rejected_calls'),
      failed: numberOf(parts, 'failed_calls'),
    });
  }
  return stats;
}

/** `1=5,2=9`: bounds, and how many were at most so large. */
export function histogramLines(text: string | undefined): (readonly [bound: number, count: number])[] {
  if (text === undefined || text === '') return [];
  return text.split(',').map((line) => {
    const [bound, count] = line.split('=');
    return [Number(bound), Number(count)] as const;
  });
}

/** LATENCY HISTOGRAM, as RESP2 has it: name, [calls, n, histogram_usec, [micros, n, …]], … */
export function latencyHistograms(reply: unknown): Map<string, (readonly [micros: number, calls: number])[]> {
  const found = new Map<string, (readonly [number, number])[]>();
  const flat = reply as (string | [string, number, string, number[]])[];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const lines = (flat[i + 1] as [string, number, string, number[]])[3];
    found.set(
      String(flat[i]),
      Array.from({ length: lines.length / 2 }, (_, at) => [lines[2 * at]!, lines[2 * at + 1]!] as const),
    );
  }
  return found;
}

/** How many were at most so large as each bound; lines that are missing say the same as the one before. Pure. */
export function fillBuckets(
  lines: readonly (readonly [bound: number, count: number])[],
  bounds: readonly number[],
): number[] {
  let at = 0;
  let count = 0;
  return bounds.map((bound) => {
    for (; at < lines.length && lines[at]![0] <= bound; at++) count = lines[at]![1];
    return count;
  });
}

/** CLIENT LIST: a line per client, `name=value` separated by spaces. A client's name holds no space. */
export function parseClients(text: string): Record<string, string>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      Object.fromEntries(
        line.split(' ').map((part) => {
          const at = part.indexOf('=');
          return [part.slice(0, at), part.slice(at + 1)];
        }),
      ),
    );
}
