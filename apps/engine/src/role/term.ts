import type { LogWriter } from '@weir/log';
import type { LoadedSnapshot } from '@weir/dataset';
import type { Follower } from '@weir/replica';
import type { LogAccess } from '../log-access.ts';
import type { NamedNode } from '../master-link.ts';

/** What a term has opened. Whoever leads or follows does it through one of these, and it is closed before there is another. */
export class Term {
  readonly #over = new AbortController();
  /** By the monotonic clock. */
  readonly startedMs: number;
  access: LogAccess | null = null;
  follower: Follower | null = null;
  /** What a file brought into an empty log. */
  imported: LoadedSnapshot | null = null;
  /** The log is claimed. */
  writer: LogWriter | null = null;
  /** The engine's records go to that writer. */
  leads = false;
  /** It has told the log that it leads no more: it answers and appends nothing. */
  hasHandedOver = false;
  /** Id of the node that is to lead next; null: whoever is quickest. */
  successor: string | null = null;
  named: NamedNode = { node: null, isMaster: false };
  readonly #steps = new Set<Promise<void>>();

  constructor(startedMs: number) {
    this.startedMs = startedMs;
  }

  /** Aborted when the term is over: its steps end, and nobody hears of them. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  end(): void {
    this.#over.abort(new TermOver());
  }

  /** A step that is under way; its promise is never rejected. */
  track(step: Promise<void>): void {
    this.#steps.add(step);
    void step.then(() => this.#steps.delete(step));
  }

  async settled(): Promise<void> {
    await Promise.all(this.#steps);
  }
}

class TermOver extends Error {
  constructor() {
    super('this role is not played any more');
  }
}
