import { UnknownEffectError } from '@weir/commands';
import type { Keyspace } from '@weir/keyspace';
import { LogError } from '@weir/log';
import { ArenaFullError } from '@weir/memory';

/**
 * A snapshot or a record does not fit into the memory that this process can have. `arena-reserve` is not it: that bounds clients only.
 * Nothing is lost, the log has it all; but trying again helps only when there is more memory.
 */
export class DoesNotFitError extends Error {
  override readonly name = 'DoesNotFitError';
}

/**
 * The same error, or one that says what to do: a DoesNotFitError in place of an ArenaFullError, `log-newer` in place of an UnknownEffectError.
 * `what` could not be had.
 */
export function explained(error: unknown, what: string, keyspace: Keyspace): unknown {
  if (error instanceof UnknownEffectError) {
    return new LogError('log-newer', `${what} cannot be applied: ${error.message}`, { cause: error });
  }
  if (!(error instanceof ArenaFullError)) return error;
  const { arena } = keyspace;
  const mib = (bytes: number) => `${Math.ceil(bytes / 1024 ** 2)} MiB`;
  return new DoesNotFitError(
    `${what} does not fit into memory: the arena has ${mib(arena.committedBytes)} of at most ${mib(arena.reserveBytes)}, and the system ` +
      'gives no more. Nothing is lost. Give this process more memory (container limit, ulimit -v)',
    { cause: error },
  );
}
