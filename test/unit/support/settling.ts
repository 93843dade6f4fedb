/** Lets everything that is due happen: microtasks, ticks and immediates, twice over. */
export async function everythingDue(): Promise<void> {
  await nextImmediate();
  await nextImmediate();
}

function nextImmediate(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
