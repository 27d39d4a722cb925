import { refusalText } from '../trouble.ts';
import type { RoleParts } from './parts.ts';
import { isReadable } from './state.ts';
import type { RoleState } from './state.ts';

/** What is in trouble says so again after so long. */
const TROUBLE_SAID_MS = 60_000;

/** The node's log is told why a step failed. */
export function complain(parts: RoleParts, error: unknown, state: RoleState, role: 'master' | 'slave'): void {
  const { logger } = parts.options;
  const { trouble, held } = state;
  if (trouble === null) {
    parts.troubleSaid = null;
    logger.error({ err: error, role }, 'this term ended with an error; trying again');
    return;
  }
  const { code, sinceMs } = trouble;
  const said = parts.troubleSaid;
  if (said !== null && said.sinceMs === sinceMs && said.code === code && parts.now - said.atMs <= TROUBLE_SAID_MS)
    return;
  parts.troubleSaid = { code, sinceMs, atMs: parts.now };
  logger.error({ err: error, role, trouble: code }, refusalText(trouble, isReadable(held)));
}
