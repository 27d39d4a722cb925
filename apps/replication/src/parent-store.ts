/**
 * The files of the NATS server belong to the node whose child this app is: it is asked, over the IPC channel, to sync them.
 *
 *   → { secure: 7 }            when everything that was acknowledged is on disk:
 *   ← { secured: 7, error: '' }
 */

export interface Channel {
  send?(message: object, done: (error: Error | null) => void): unknown;
  on(event: 'message', listener: (message: object) => void): unknown;
}

const ANSWER_MS = 60_000;

export class ParentStore {
  readonly #channel: Channel;
  readonly #waiting = new Map<number, (error: string) => void>();
  #asked = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
    channel.on('message', (message: { secured?: number; error?: string }) => {
      if (message.secured !== undefined) this.#waiting.get(message.secured)?.(message.error ?? '');
    });
  }

  /** Rejects when the node cannot, and when it says nothing for long. */
  secure(): Promise<void> {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      const settle = (error: string): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        if (error === '') resolve();
        else reject(new Error(`the node does not sync its store: ${error}`));
      };
      const timer = setTimeout(() => settle(`no answer in ${ANSWER_MS} ms`), ANSWER_MS);
      timer.unref();
      this.#waiting.set(id, settle);
      this.#channel.send!({ secure: id }, (error) => {
        if (error !== null) settle(error.message);
      });
    });
  }
}
