/**
 * What is thrown inside the client's callbacks ends its reader without a sound: every subscription would be dead and nobody told. A bug has to
 * stop the process instead.
 */
export function guard(body: () => void): void {
  try {
    body();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
