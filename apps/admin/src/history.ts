/**
 * The last quarter of an hour, a sample a second, in memory that does not grow: numbers in rings, one ring per figure and node. It begins anew when the
 * app does.
 */

export const HISTORY_SAMPLES = 900;
/** More nodes than that are not drawn. */
const NODES_MAX = 32;

export const FIGURES = ['lagRecords', 'lagBytes', 'lagMs', 'opsPerSecond', 'appendMs', 'memoryBytes'] as const;
export type Figure = (typeof FIGURES)[number];
export type Figures = Readonly<Record<Figure, number | null>>;

export interface HistoryBody {
  /** When each sample was taken, milliseconds since 1970; oldest first. */
  readonly atMs: number[];
  readonly nodes: Record<string, Record<Figure, (number | null)[]>>;
}

export class History {
  readonly #atMs: Float64Array;
  readonly #nodes = new Map<string, { readonly rings: Record<Figure, Float64Array>; seen: number }>();
  readonly #size: number;
  /** Samples that were ever taken. */
  #count = 0;

  constructor(size = HISTORY_SAMPLES) {
    this.#size = size;
    this.#atMs = new Float64Array(size);
  }

  add(atMs: number, nodes: ReadonlyMap<string, Figures>): void {
    const at = this.#count % this.#size;
    this.#atMs[at] = atMs;
    this.#count++;
    for (const id of nodes.keys()) if (!this.#nodes.has(id)) this.#admit(id);
    for (const [id, node] of this.#nodes) {
      const figures = nodes.get(id);
      if (figures !== undefined) node.seen = this.#count;
      for (const name of FIGURES) node.rings[name][at] = figures?.[name] ?? NaN;
      if (this.#count - node.seen >= this.#size) this.#nodes.delete(id);
    }
  }

  body(): HistoryBody {
    const kept = Math.min(this.#count, this.#size);
    const places = Array.from({ length: kept }, (_, i) => (this.#count - kept + i) % this.#size);
    const nodes: HistoryBody['nodes'] = {};
    for (const [id, { rings }] of this.#nodes) {
      const figures = {} as Record<Figure, (number | null)[]>;
      for (const name of FIGURES)
        figures[name] = places.map((at) => (Number.isNaN(rings[name][at]) ? null : rings[name][at]!));
      nodes[id] = figures;
    }
    return { atMs: places.map((at) => this.#atMs[at]!), nodes };
  }

  #admit(id: string): void {
    if (this.#nodes.size >= NODES_MAX) return;
    const rings = {} as Record<Figure, Float64Array>;
    for (const name of FIGURES) rings[name] = new Float64Array(this.#size).fill(NaN);
    this.#nodes.set(id, { rings, seen: this.#count });
  }
}
