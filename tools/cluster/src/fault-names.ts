/** What can be played on a cluster that runs. */
export const FAULTS = {
  'kill-master': 'kill -9 of the engine that leads',
  'pause-master': 'SIGSTOP of the engine that leads, for ten seconds',
  'kill-slave': 'kill -9 of an engine that follows',
  'kill-ingress': 'kill -9 of the ingress that the writer uses',
  'kill-nats': 'kill -9 of a NATS server',
  'hand-over': 'FAILOVER: the leader hands over to another engine',
} as const;
export type Fault = keyof typeof FAULTS;
