import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { LiveStore } from "../../../src/plots/live/_live_store.ts";
import { seededRandom } from "../../../src/runtime/random.ts";

/** All rows, read `most` at a time as a page reads them. */
function readAll(store: LiveStore, most: number) {
  const read: { [name: string]: (number | null)[] } = {};
  for (let from = 0; from < store.next;) {
    const { columns, next } = store.from(from, most);
    assert(next > from, "it does not go on");
    for (const [name, values] of Object.entries(columns)) {
      assert(values.length <= most);
      (read[name] ??= []).push(...values);
    }
    from = next;
  }
  return read;
}

Deno.test("LiveStore gives every row once, however it is added and read", () =>
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 20 }),
    fc.integer({ min: 1, max: 60 }),
    (parts, most) => {
      const store = new LiveStore();
      const expected: number[] = [];
      for (const rows of parts) {
        const values = Array.from(
          { length: rows },
          (_, i) => expected.length + i,
        );
        store.add({ iterations: values, loss: values.map((i) => 2 * i) });
        expected.push(...values);
      }
      assertEquals(store.next, expected.length);
      const { iterations = [], loss = [] } = readAll(store, most);
      assertEquals(iterations, expected);
      assertEquals(loss, expected.map((i) => 2 * i));
    },
  )));

Deno.test("LiveStore has null where a row has no number", () => {
  const store = new LiveStore();
  store.add({ loss: [1, NaN] });
  store.add({ loss: [3], acc: [Infinity] });
  store.add({ acc: [0.5] });
  assertEquals(store.from(0, 10), {
    columns: { loss: [1, null, 3, null], acc: [null, null, null, 0.5] },
    next: 4,
  });
});

Deno.test("LiveStore holds a bounded number of rows, with every peak and trough", () => {
  const store = new LiveStore();
  const random = seededRandom(3);
  const rows = 300_000;
  const spikes = new Map(
    Array.from({ length: 40 }, (_, k) => [7_321 * (k + 1), (-1) ** k * 10]),
  );
  for (let from = 0; from < rows; from += 1000) {
    const iterations = Array.from({ length: 1000 }, (_, i) => from + i);
    store.add({
      iterations,
      loss: iterations.map((i) => spikes.get(i) ?? random()),
    });
    assert(store.length <= 16_384, `${store.length} rows`);
  }
  const { iterations, loss } = readAll(store, 1000);
  assertEquals(iterations[0], 0);
  assertEquals(iterations.at(-1), rows - 1);
  assertEquals(iterations, [...new Set(iterations)].sort((a, b) => a! - b!));
  const kept = new Map(iterations.map((iteration, i) => [iteration, loss[i]]));
  for (const [iteration, spike] of spikes) {
    assertEquals(kept.get(iteration), spike, `the spike at ${iteration}`);
  }
});
