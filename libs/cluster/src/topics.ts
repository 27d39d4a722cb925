/** NATS subjects of one log's members. */
export function progressSubject(cluster: string, logId: string): string {
  return `weir.${cluster}.${logId}.progress`;
}

/** Everybody who hears this reports at once. */
export function pollSubject(cluster: string, logId: string): string {
  return `weir.${cluster}.${logId}.poll`;
}

/** Asks one member for the newest messages of the log that it remembers. */
export function tailSubject(cluster: string, logId: string, memberId: string): string {
  return `weir.${cluster}.${logId}.tail.${memberId}`;
}

/** Where a member answers that; the question names the last part. Not an inbox: a slave may publish here, and nowhere else that others choose. */
export function toldSubject(cluster: string, logId: string, question: string): string {
  return `weir.${cluster}.${logId}.told.${question}`;
}

/** Requests to the log's replication app. */
export function snapshotSubject(cluster: string, logId: string): string {
  return `weir.${cluster}.${logId}.snapshot`;
}

/** What clients publish, from each node to the others. */
export function messagesSubject(cluster: string, logId: string): string {
  return `weir.${cluster}.${logId}.messages`;
}

/** Key-value bucket of the cluster's leases, and the key of the one that makes a replication app the active one of its log. */
export function leaseBucket(cluster: string): string {
  return `weir_${cluster}_leases`;
}

export function replicationLeaseKey(logId: string): string {
  return `replication.${logId}`;
}
