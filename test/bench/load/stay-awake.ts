/** Goes up with everything that this process does for the load. */
let doings = 0;

export function countDoing(): void {
  doings += 1;
}

let staysAwake = true;

/** From now on this process sleeps while it waits: in a quick run, whose times are not judged. */
export function mayRest(): void {
  staysAwake = false;
}

/**
 * Keeps this process awake while it waits for the server. The kernel charges the writer with waking the reader, so that a
 * load that sleeps makes servers dearer, and slow ones dearest.
 *
 * @returns a function that ends it, and returns the milliseconds in which there was something to do
 */
export function stayAwake(): () => number {
  let awake = true;
  let busyMs = 0;
  let seen = doings;
  let last = performance.now();
  const turn = () => {
    const now = performance.now();
    if (doings !== seen) {
      seen = doings;
      busyMs += now - last;
    }
    last = now;
    if (awake) {
      setImmediate(turn);
    }
  };
  if (staysAwake) {
    setImmediate(turn);
  }
  return () => {
    awake = false;
    return busyMs;
  };
}
