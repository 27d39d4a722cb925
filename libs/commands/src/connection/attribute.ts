import type { Request } from '@weir/resp';

export const BAD_NAME = 'ERR Client names cannot contain spaces, newlines or special characters.';

/** Whether the argument may be a connection's name, or its library's: visible ASCII, so that CLIENT LIST stays parseable. */
export function isAttribute(req: Request, i: number): boolean {
  const start = req.off(i);
  for (let at = start; at < start + req.len(i); at++) if (req.buf[at] < 33 || req.buf[at] > 126) return false;
  return true;
}
