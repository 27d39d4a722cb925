import { pino } from 'pino';
import pretty from 'pino-pretty';

export interface PeopleOptions {
  /** What stands where a line says who speaks, already painted. */
  readonly node: string;
  readonly colors: boolean;
}

const FIRST_NAMED = pino.levels.values['warn'];

/**
 * Makes a function that turns one line of a node's JSON log into what people read: `12:04:31.520 master: ready for writes {"epoch":1}`.
 * Levels are named from `WARN` on; a process of the node that is not the node itself (the replication app) is named before the message.
 */
export function peopleFormat({ node, colors }: PeopleOptions): (line: string) => string {
  const format = pretty.prettyFactory({
    colorize: colors,
    singleLine: true,
    ignore: 'pid,hostname,name,level',
    translateTime: 'SYS:HH:MM:ss.l',
    messageFormat: (line, messageKey, _label, { colors: paint }) => {
      const name = ((line['name'] ?? '') as string).replace(/^weir-?/, '');
      const text = `${name === '' ? '' : `${name}: `}${String(line[messageKey])}`;
      const level = Number(line['level']);
      return level < FIRST_NAMED ? text : `${paint.red(pino.levels.labels[level].toUpperCase())} ${text}`;
    },
    customPrettifiers: { time: (time) => `${time as string} ${node}` },
  });
  return (line) => format(line).trimEnd();
}
