import { describe, expect, it } from 'vitest';
import { UnpublishedRevocations } from '../../../lib/cluster/unpublished-revocations.js';
import { dayMs } from '../../support/clocks.js';

/** A store that refuses some tokens, and takes a turn for each call. */
class Store {
  readonly taken: string[] = [];
  calls = 0;
  inFlight = 0;
  most = 0;

  constructor(public refuses: (id: string) => boolean) {}

  async addRevocation({ id }: { readonly id: string }): Promise<void> {
    this.calls += 1;
    this.inFlight += 1;
    this.most = Math.max(this.most, this.inFlight);
    await new Promise((resolve) => setImmediate(resolve));
    this.inFlight -= 1;
    if (this.refuses(id)) {
      throw new Error(`refused ${id}`);
    }
    this.taken.push(id);
  }
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `token ${index}`);

function keep(ids: readonly string[]): UnpublishedRevocations {
  const unpublished = new UnpublishedRevocations();
  ids.forEach((id) => unpublished.add({ kind: 'token', id, before: 0, rememberMs: dayMs }));
  return unpublished;
}

describe('tokens that only one node knows', () => {
  it.each([
    { refused: ['token 0'], where: 'the first one' },
    { refused: ['token 449'], where: 'the last one' },
    { refused: names(99), where: 'all but one of the first piece' },
    { refused: names(450).filter((_, index) => index % 3 === 0), where: 'every third one' },
  ])('reach a store that refuses $where, but for those', async ({ refused }) => {
    const store = new Store((id) => refused.includes(id));
    const unpublished = keep(names(450));
    await expect(unpublished.publish(store)).rejects.toThrow(`refused ${refused[0]}`);
    const others = names(450).filter((id) => !refused.includes(id));
    expect(store.taken.toSorted()).toEqual(others.toSorted());
    store.refuses = () => false;
    await unpublished.publish(store);
    expect(store.taken.toSorted()).toEqual(names(450).toSorted());
    await unpublished.publish(store);
    expect(store.taken).toHaveLength(450);
  });

  it('are published many at a time, and not all together', async () => {
    const store = new Store(() => false);
    await keep(names(450)).publish(store);
    expect(store.most).toBe(100);
  });

  it('are not all asked for while the store takes none of them', async () => {
    const store = new Store(() => true);
    await expect(keep(names(450)).publish(store)).rejects.toThrow('refused');
    expect(store.calls).toBe(100);
  });
});
