/**
 * A command of the log that this engine does not have, or has in another form: a newer engine wrote it, or one that forgot to raise ENGINE_VERSION.
 * The data set is no longer the log's; whoever replays stops and says so.
 */
export class UnknownEffectError extends Error {
  override readonly name = 'UnknownEffectError';
}
