import type { ReplyWriter } from '@weir/resp';

/** The reply of `<CONTAINER> HELP`: a line of text per element, Redis's first and last lines around the container's own. */
export function replyHelp(reply: ReplyWriter, container: string, lines: readonly string[]): void {
  reply.array(lines.length + 3);
  reply.simple(`${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
  for (const line of lines) reply.simple(line);
  reply.simple('HELP');
  reply.simple('    Prints this help.');
}
