/** What changes of users do to those who are connected. */

import type { Context } from '../core/context.ts';
import type { Session } from '../core/session.ts';
import { CHANNEL, PATTERN, SHARD } from '../core/pubsub.ts';
import { allowsChannel } from './check.ts';
import type { ChannelPattern } from './selector.ts';
import type { User } from './user.ts';

/** The user's rights are others: what is remembered of them in sessions is brought up to date. */
export function settleSessions(ctx: Context, user: User): void {
  for (const session of ctx.host.sessions.values()) if (session.user === user) session.user = user;
}

/** The user is gone: so are those who are logged in as him. */
export function endSessionsOf(ctx: Context, user: User): void {
  // A copy: closing takes a session out of the map.
  for (const session of [...ctx.host.sessions.values()]) {
    if (session.user !== user) continue;
    session.user = ctx.acl.defaultUser;
    session.authenticated = false;
    end(ctx, session);
  }
}

/** Ends connections of the user that listen to what his rights, which were `before`, do not allow any more. */
export function endForbiddenSubscriptions(ctx: Context, user: User, before: User): void {
  if (user.selectors.some((selector) => selector.allChannels)) return;
  const channels = user.selectors.flatMap((selector) => selector.channels);
  const allowed = new Set(channels.map(({ pattern }) => pattern));
  const wasMore = before.selectors.some(
    (selector) => selector.allChannels || selector.channels.some(({ pattern }) => !allowed.has(pattern)),
  );
  if (!wasMore) return;
  for (const session of [...ctx.host.sessions.values()]) {
    if (session.user === user && session.isSubscriber && listensToMore(session, channels)) end(ctx, session);
  }
}

function listensToMore({ subscriptions }: Session, channels: readonly ChannelPattern[]): boolean {
  for (const kind of [CHANNEL, PATTERN, SHARD] as const) {
    for (const { bytes } of subscriptions!.of[kind]) {
      if (!allowsChannel(channels, bytes, 0, bytes.length, kind === PATTERN)) return true;
    }
  }
  return false;
}

/** At once; the one whose command it is gets its reply before. */
function end(ctx: Context, session: Session): void {
  if (session === ctx.session) session.on('quit');
  else session.control.destroy();
}
