/** Counters that INFO stats shows; CONFIG RESETSTAT zeroes them. */
export class Stats {
  connectionsReceived = 0;
  commandsProcessed = 0;
  rejectedConnections = 0;
  expiredKeys = 0;
  expiredStalePercentage = 0;
  expiredTimeCapReached = 0;
  evictedKeys = 0;
  evictedClients = 0;
  keyspaceHits = 0;
  keyspaceMisses = 0;
  unexpectedErrorReplies = 0;
  errorReplies = 0;
  netInputBytes = 0;
  netOutputBytes = 0;
  readsProcessed = 0;
  writesProcessed = 0;
  activeExpireMicros = 0;
  /** Error replies by their first word. */
  readonly errors = new Map<string, number>();

  reset(): void {
    const errors = this.errors;
    const zero = new Stats() as unknown as Record<string, unknown>;
    for (const name of Object.keys(zero)) if (typeof zero[name] === "number") (this as unknown as Record<string, unknown>)[name] = 0;
    errors.clear();
  }
}
