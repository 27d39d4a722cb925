/** Classed by what the receiver does; `code` is stable, the message is for people. */
export type LogErrorCode =
  | 'log-unavailable' // broker not reachable, no answer, no leader: try again later
  | 'log-missing' // no such stream: create it, or it is another broker
  | 'log-full' // a limit or the disk: try again when there is room
  | 'log-corrupt' // a stored message fails its check: do not apply, do not append
  | 'log-diverged' // a valid record that does not continue the history it stands in
  | 'log-newer' // written by a newer engine or in a newer format: upgrade this one
  | 'log-lost' // the log ends before what it had: its end is gone, and with it what somebody was told is stored
  | 'log-fenced' // somebody else holds the log
  | 'log-trimmed' // the wanted sequence is gone: bootstrap from a snapshot
  | 'beginning-missing' // data must exist that neither a snapshot nor the log gives back: begin nothing in its place
  | 'log-unrelated' // another log than the one of the data set that is here, and it began with nothing: nobody asked for that
  | 'snapshot-damaged'
  | 'snapshot-missing'
  | 'nats-refused' // the server refuses this client (credentials, version)
  | 'nats-start'; // the embedded server does not start

export class LogError extends Error {
  readonly code: LogErrorCode;
  constructor(code: LogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LogError';
    this.code = code;
  }
}

export function isLogError(error: unknown, code?: LogErrorCode): error is LogError {
  return error instanceof LogError && (code === undefined || error.code === code);
}
