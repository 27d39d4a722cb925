/**
 * The life of a session, as a table: what each event does in each phase.
 *
 *            MULTI ┌─────────┐ EXEC, DISCARD
 *       ┌─────────►│ queuing ├──────────┐
 *       │          └─────────┘          ▼
 *   ┌───┴────┐ a command waits ┌─────────┐ it goes on
 *   │ normal │────────────────►│ blocked ├───────────► (what it was before)
 *   └───┬────┘                 └─────────┘
 *       │ SUBSCRIBE   ┌────────────┐ the last UNSUBSCRIBE
 *       ├────────────►│ subscribed ├─────────────────────► (what it was before)
 *       │             └────────────┘
 *       │ MONITOR     ┌─────────┐ RESET (as from queuing and subscribed)
 *       └────────────►│ monitor ├───────► normal
 *                     └─────────┘
 *   each of these: QUIT, a protocol error, idle too long ──► closing ──(all is answered)──► leaving
 *   each of these, closing and leaving: killed by somebody ──► killed
 *   all of them: the connection is closed ──► gone
 *
 * What holds requests back beside the phase (the client does not read, the log is slow, somebody holds everybody) is no part of it: those are
 * independent of each other and of this, and end by themselves.
 */

export type Phase =
  /** Requests are executed. Also a client of RESP3 that has subscriptions. */
  | 'normal'
  /** Between MULTI and EXEC: most requests are put in the queue. */
  | 'queuing'
  /** A command waits for something; requests are kept until it goes on. Nothing but reading tells that the client is gone. */
  | 'blocked'
  /** A client of RESP2 that has subscriptions: only commands about them run. */
  | 'subscribed'
  /** It is told of all commands; none of its own may touch the keyspace. */
  | 'monitor'
  /** Executes nothing more; replies still wait for the log. */
  | 'closing'
  /** All was handed over; the ingress closes the connection when it is sent. */
  | 'leaving'
  /** Cut off; the ingress has not confirmed it yet. */
  | 'killed'
  /** There is no connection any more. */
  | 'gone';

export type SessionEvent =
  /** Bytes came. */
  | 'input'
  /** MULTI. */
  | 'multi'
  /** EXEC or DISCARD has taken the queue. */
  | 'queueEnded'
  /** A command waits. */
  | 'wait'
  /** It goes on: what it waited for is there, its time is over, CLIENT UNBLOCK. */
  | 'goOn'
  /** The first subscription of a client of RESP2. */
  | 'subscribe'
  /** Its last subscription is gone. */
  | 'unsubscribe'
  | 'monitor'
  /** RESET. */
  | 'reset'
  /** Its own command, or an error of protocol, ends it after this reply. */
  | 'quit'
  /** The client has read what had piled up. */
  | 'drained'
  /** The client has closed its half. */
  | 'inputEnded'
  /** It has said nothing for `timeout` seconds. */
  | 'idle'
  /** No reply of it waits for the log any more. */
  | 'answered'
  /** CLIENT KILL by somebody else, buffers beyond their limits, a write whose fate is unknown. */
  | 'kill'
  /** The connection is closed, whoever did it. */
  | 'closed';

export type SessionAction =
  | 'none'
  /** Executes what came, as far as nothing holds it back. */
  | 'execute'
  /** Keeps what came until the session goes on. */
  | 'keep'
  | 'drop'
  /** Goes on with what was kept, in a later turn. */
  | 'goOn'
  /** Closes as soon as all that came is executed. */
  | 'halfClose'
  /** Drops what was kept, and closes as soon as all is answered. */
  | 'finish'
  /** Has the ingress close the connection behind what was sent. */
  | 'close'
  /** Cuts the connection off, and ends what the session waits for. */
  | 'destroy'
  /** Gives back what is kept for it, and ends what it waits for. */
  | 'forget'
  /** Cannot be: an error of the server. */
  | 'never';

interface Cell {
  /** `before`: the phase from which this one was entered. */
  readonly to: Phase | 'before';
  readonly action: SessionAction;
}

type Row = Readonly<Record<SessionEvent, Cell>>;

function cell(to: Phase | 'before', action: SessionAction): Cell {
  return { to, action };
}

const KILL = cell('killed', 'destroy');
const CLOSED = cell('gone', 'forget');
const QUIT = cell('closing', 'finish');

/** What is the same in all phases in which requests are executed. */
function executing(phase: Phase): Row {
  const never = cell(phase, 'never');
  return {
    input: cell(phase, 'execute'),
    multi: never,
    queueEnded: never,
    wait: never,
    goOn: never,
    subscribe: cell(phase, 'none'),
    unsubscribe: cell(phase, 'none'),
    monitor: cell(phase, 'none'),
    reset: cell('normal', 'none'),
    quit: QUIT,
    drained: cell(phase, 'goOn'),
    inputEnded: cell(phase, 'halfClose'),
    idle: QUIT,
    answered: cell(phase, 'none'),
    kill: KILL,
    closed: CLOSED,
  };
}

/** What is the same in all phases in which nothing more is executed: what a command that was at work still wants changes nothing. */
function ending(phase: Phase): Row {
  const none = cell(phase, 'none');
  return {
    input: cell(phase, 'drop'),
    multi: none,
    queueEnded: none,
    wait: none,
    goOn: none,
    subscribe: none,
    unsubscribe: none,
    monitor: none,
    reset: none,
    quit: none,
    drained: none,
    inputEnded: none,
    idle: none,
    answered: none,
    kill: KILL,
    closed: CLOSED,
  };
}

export const PHASES: Readonly<Record<Phase, Row>> = {
  normal: {
    ...executing('normal'),
    multi: cell('queuing', 'none'),
    wait: cell('blocked', 'none'),
    subscribe: cell('subscribed', 'none'),
    monitor: cell('monitor', 'none'),
  },
  queuing: {
    ...executing('queuing'),
    queueEnded: cell('before', 'none'),
  },
  blocked: {
    ...executing('blocked'),
    input: cell('blocked', 'keep'),
    goOn: cell('before', 'goOn'),
    subscribe: cell('blocked', 'never'),
    unsubscribe: cell('blocked', 'never'),
    monitor: cell('blocked', 'never'),
    reset: cell('blocked', 'never'),
    drained: cell('blocked', 'none'), // what was kept goes on with the command
    inputEnded: KILL,
    idle: cell('blocked', 'none'),
  },
  subscribed: {
    ...executing('subscribed'),
    unsubscribe: cell('before', 'none'),
    inputEnded: KILL,
    idle: cell('subscribed', 'none'),
  },
  monitor: {
    ...executing('monitor'),
    multi: cell('queuing', 'none'),
    wait: cell('blocked', 'none'),
    subscribe: cell('subscribed', 'none'),
    inputEnded: KILL,
    idle: cell('monitor', 'none'),
  },
  closing: { ...ending('closing'), quit: QUIT, answered: cell('leaving', 'close') },
  leaving: ending('leaving'),
  killed: { ...ending('killed'), kill: cell('killed', 'none') },
  gone: { ...ending('gone'), kill: cell('gone', 'none'), closed: cell('gone', 'none') },
};

/** Whether requests are executed in this phase. */
export function executes(phase: Phase): boolean {
  return PHASES[phase].input.action === 'execute';
}

/** Whether nothing more is executed, whatever happens. */
export function isEnding(phase: Phase): boolean {
  return PHASES[phase].input.action === 'drop';
}
