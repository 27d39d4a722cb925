import type { NatsHandle } from '@weir/log';
import { parseReport } from './membership.ts';
import { pollSubject, progressSubject } from './topics.ts';

/** Members report every second, and at once when asked. */
const HEAR_MS = 1100;

/** Asks who takes part in some logs, by their ids: of each log the ids of the members that answered, or reported, within little more than a second. */
export async function hearMembers(
  nats: NatsHandle,
  cluster: string,
  logIds: readonly string[],
): Promise<Map<string, string[]>> {
  const heard = new Map(logIds.map((logId) => [logId, new Set<string>()]));
  const stops = [...heard].map(([logId, members]) =>
    nats.subscribe(progressSubject(cluster, logId), (data) => {
      const report = parseReport(data);
      if (report === null) return;
      if (report.left === true) members.delete(report.id);
      else members.add(report.id);
    }),
  );
  for (const logId of logIds) nats.publish(pollSubject(cluster, logId), new Uint8Array(0));
  await new Promise((resolve) => setTimeout(resolve, HEAR_MS));
  for (const stop of stops) stop();
  return new Map([...heard].map(([logId, members]) => [logId, [...members].sort()]));
}
