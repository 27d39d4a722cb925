import type { ReplyWriter } from '@weir/resp';
import type { Session } from '../core/session.ts';

/** Answers an error's text that came from the host, which may or may not begin with a code of its own. */
export function replyFailure(reply: ReplyWriter, text: string, what = ''): void {
  reply.error(/^[A-Z]{3,} /.test(text) ? text : `ERR ${what}${text}`);
}

/** Whether the client is on this machine: what `local` means to enable-debug-command and its kind. */
export function isLocal(session: Session): boolean {
  const address = session.remoteAddr;
  return (
    session.unixSocket || address.startsWith('127.0.0.1:') || address.startsWith('::1:') || address.startsWith('[::1]:')
  );
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
