/**
 * Waits for a promise, and no longer than so many milliseconds: a store of the application may never answer.
 *
 * @returns whether it was fulfilled in time
 * @throws what it rejects with in time
 */
export async function waitAtMost(timeoutMs: number, awaited: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  try {
    return await Promise.race([awaited.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
