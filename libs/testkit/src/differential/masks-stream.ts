import { sameReply } from './replies.ts';

/** XINFO without what only 7.2 tells of consumers, and without the nodes of trees, which are everybody's own. */
export function sameXinfo(redis: string, weir: string): boolean {
  return sameReply(asRedis70(redis), asRedis70(weir), 'idle');
}

function asRedis70(reply: string): Uint8Array {
  const older = reply
    .replace(/(radix-tree-nodes\r\n):\d+/g, '$1:0')
    .replace(FULL, (_all, header: string, rest: string) => (header.startsWith('*') ? '*8' : '%4') + rest)
    .replace(CONSUMERS, (_all, header: string, rest: string) => (header.startsWith('*') ? '*6' : '%3') + rest);
  return Buffer.from(older, 'latin1');
}

const NAME = '\\r\\n\\$4\\r\\nname\\r\\n\\$\\d+\\r\\n[^]{0,20}?\\r\\n';
const FULL = new RegExp(
  `(\\*10|%5)(${NAME}\\$9\\r\\nseen-time\\r\\n:\\d+\\r\\n)\\$11\\r\\nactive-time\\r\\n:-?\\d+\\r\\n`,
  'g',
);
const CONSUMERS = new RegExp(
  `(\\*8|%4)(${NAME}\\$7\\r\\npending\\r\\n:\\d+\\r\\n\\$4\\r\\nidle\\r\\n:\\d+\\r\\n)\\$8\\r\\ninactive\\r\\n:-?\\d+\\r\\n`,
  'g',
);
