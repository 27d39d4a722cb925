/** NATS subjects of one log's members. */
export function progressSubject(cluster: string, logId: string): string {
  return `weir.${cluster}.${logId}.progress`;
}

/** Everybody who hears this reports at once. */
export function pollSubject(cluster: string, logId: string): string {
  return `weir.${cluster}.${logId}.poll`;
}

/** Requests to the log's replication app. */
export function snapshotSubject(cluster: string, logId: string): string {
  return `weir.${cluster}.${logId}.snapshot`;
}
