import { MemoryWsAuthStore } from 'nestjs-ws-auth';
import { storeConformance, transportConformance, type OpenStore } from 'nestjs-ws-auth/testing';
import { describe, expect, it } from 'vitest';

const open: OpenStore = async () => {
  const store = new MemoryWsAuthStore();
  return { first: store, second: store, [Symbol.asyncDispose]: () => Promise.resolve() };
};
for (const { name, run } of storeConformance(open)) {
  it(name, run);
}

const neverStarts = () => Promise.reject(new Error('not started'));

const forgetful: OpenStore = async () => {
  const store = new MemoryWsAuthStore();
  const taken = new Map<string, string | undefined>();
  const take = store.takeTicket.bind(store);
  store.takeTicket = async (digest) => {
    taken.set(digest, taken.get(digest) ?? (await take(digest)));
    return taken.get(digest);
  };
  return { first: store, second: store, [Symbol.asyncDispose]: () => Promise.resolve() };
};

const silent: OpenStore = async () => {
  const store = new MemoryWsAuthStore();
  store.watch = () => () => Promise.resolve();
  return { first: store, second: store, [Symbol.asyncDispose]: () => Promise.resolve() };
};

describe('a conformance suite', () => {
  it('has cases whose ids and names are unique', () => {
    const cases = [...storeConformance(open), ...transportConformance(neverStarts)];
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });

  it('names the reason of an exception in the case', () => {
    const exceptions = { channel: 'this store has no channel' };
    const excepted = storeConformance(open, { exceptions }).filter(({ exception }) => exception);
    expect(excepted.map(({ id }) => id)).toEqual(['channel']);
    expect(excepted[0]?.name).toMatch(/ \(exception: this store has no channel\)$/);
  });

  it.each([
    [{ chanel: 'misspelt' }, /^exceptions: no case is called "chanel"/],
    [{ channel: ' ' }, /^exceptions\.channel: expected the reason as text/],
  ])('refuses the exceptions %j', (exceptions, message) => {
    expect(() => storeConformance(open, { exceptions })).toThrow(message);
  });

  it('K11a: refuses a misspelt option', () => {
    const options = { exception: {} } as never;
    for (const suite of [storeConformance, transportConformance]) {
      expect(() => suite(open as never, options)).toThrow(/exception: unknown option/);
    }
  });

  it('rejects for a store that returns a ticket twice', async () => {
    const [once] = storeConformance(forgetful).filter(({ id }) => id === 'ticket-once');
    await expect(once?.run()).rejects.toThrow();
  });

  it('rejects with what a case waited for', async () => {
    const cases = storeConformance(silent, { timeoutMs: 20 });
    const [channel] = cases.filter(({ id }) => id === 'channel');
    await expect(channel?.run()).rejects.toThrow(
      /^the call of the watcher did not happen within 20 ms$/,
    );
  });
});
