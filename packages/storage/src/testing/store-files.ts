/** Stores for tests of files: filled with a random history, opened on what was imported. */
import { MemoryEngine, Store, type Engine } from "@quorate/machine";
import type { Prng } from "@quorate/std";

const KEYS = 500;
const COMPACT_EVERY = 4000;

export function openStore(engine: Engine): Promise<Store> {
  return Store.open(engine, { yieldTurn: () => Promise.resolve() });
}

/** Puts, deletes, transactions of several writes, compactions (some not finished), leases; the rows a Go member asks for. */
export async function createHistory(
  prng: Prng,
  options: { readonly transactions: number; readonly clusterVersion: string },
): Promise<Store> {
  const store = await openStore(new MemoryEngine());
  for (let index = 1; index <= options.transactions; index++) {
    store.begin(index, 2);
    for (let writes = 1 + prng.below(3); writes > 0; writes--) {
      const key = Buffer.from(`key ${prng.below(KEYS)}`);
      if (prng.chance(0.2)) store.delete(key, 0, key.length);
      else {
        const value = Buffer.alloc(prng.below(prng.chance(0.01) ? 20_000 : 300), index);
        store.put(key, 0, key.length, value, 0, value.length, prng.chance(0.1) ? 77n : 0n);
      }
    }
    if (index % COMPACT_EVERY === 0) store.compact(store.revision - 100);
    store.end();
    if (index % 500 === 0) await store.flushPending();
  }
  const last = options.transactions + 1;
  store.begin(last, 3);
  store.setRow("cluster", Buffer.from("clusterVersion"), Buffer.from(options.clusterVersion));
  store.setRow("meta", Buffer.from("confState"), Buffer.from('{"voters":[1],"auto_leave":false}'));
  store.setRow("lease", Buffer.from("000000000000004d", "hex"), Buffer.from("084d10904e", "hex"));
  store.end();
  return store;
}

/** All compactions that were asked for, to their ends. */
export async function finishCompactions(store: Store): Promise<void> {
  await store.flushPending();
  while (store.compactStep(1000)) await store.flushPending();
  await store.flushPending();
}
