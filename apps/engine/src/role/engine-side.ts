/** The one place where a role reaches into the engine, but for the log that it leads and the data set that it adopts. */

import { serveReady } from '@weir/commands';
import type { Engine } from '../engine.ts';
import type { RoleView } from './view.ts';

/** What commands see of the role. */
export function tellClients({ ctx }: Engine, view: RoleView): void {
  const { role } = ctx;
  role.isSlave = view.slave;
  role.isLoading = view.loading;
  role.writeRefusal = view.writeRefusal;
  role.dataRefusal = view.dataRefusal;
  // What became ready while there was no data set to be served.
  ctx.blocked.serveLater();
  serveReady(ctx);
}

/** The link of a slave to its master; a master's is always up. */
export function tellLink({ ctx }: Engine, isUp: boolean): void {
  ctx.role.linkUp = isUp;
}

/** All requests wait, or go on. */
export function holdRequests({ commit }: Engine, isHeld: boolean): void {
  commit.hold(isHeld);
}

export interface CommitListener {
  /** A record is committed: its sequence in the log, and the offset behind it. */
  onCommitted(seq: number, endOffset: number): void;
  /** The log refused a record for good. */
  onFenced(): void;
}

export function listen({ commit }: Engine, listener: CommitListener): void {
  commit.onCommitted = (seq, endOffset) => listener.onCommitted(seq, endOffset);
  commit.onFenced = () => listener.onFenced();
}

/** Something that was executed was not handed to the log yet. */
export function hasEffects({ commit }: Engine): boolean {
  return commit.unsealedBytes > 0;
}

/** Nothing was executed that is not committed. */
export function isCommitted(engine: Engine): boolean {
  return engine.commit.recordsInFlight === 0 && !hasEffects(engine);
}
