import { isObservable, lastValueFrom, Observable, takeUntil } from 'rxjs';

/** Calls back when a client has disconnected. */
export type UntilLeft = (onLeft: () => void) => void;

/** Waits for what a hook has returned: a promise, an observable, or a promise of one. */
export async function endOf(returned: unknown, untilLeft: UntilLeft): Promise<void> {
  const value: unknown = await returned;
  if (isObservable(value)) {
    await lastOf(value, untilLeft);
  }
}

/** Waits for the end of an observable, or of its client: a stream must not outlive it. */
export function lastOf(values: Observable<unknown>, untilLeft: UntilLeft): Promise<unknown> {
  const left = new Observable<void>((subscriber) => untilLeft(() => subscriber.next()));
  return lastValueFrom(values.pipe(takeUntil(left)), { defaultValue: undefined });
}
