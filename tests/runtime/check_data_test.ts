import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import {
  all,
  checkData,
  count,
  describeFault,
  finite,
  flag,
  listOf,
  mapOf,
  oneOf,
  optional,
  parseData,
  record,
  show,
  text,
  that,
} from "../../src/runtime/check_data.ts";

const run = record({
  name: text,
  steps: count,
  rate: optional(finite),
  done: flag,
  mode: oneOf("min", "max"),
  epochs: listOf(record({ loss: finite })),
  notes: mapOf(text),
});

const good = {
  name: "a",
  steps: 3,
  done: false,
  mode: "min",
  epochs: [{ loss: 1 }, { loss: 0.5 }],
  notes: { by: "me" },
};

Deno.test("checkData() accepts what is as it must be, with more beside it", () => {
  checkData("read a run", good, run);
  checkData("read a run", { ...good, rate: 0.1, more: [] }, run);
});

Deno.test("describeFault() names the place, what must be there and what is", () => {
  const cases: [unknown, string][] = [
    [7, "the data must be an object: current value is 7"],
    [[], "the data must be an object: current value is []"],
    [{ ...good, name: 1 }, "name must be text: current value is 1"],
    [
      { ...good, steps: -1 },
      "steps must be a whole number >= 0: current value is -1",
    ],
    [
      { ...good, rate: "x" },
      'rate must be a finite number: current value is "x"',
    ],
    [
      { ...good, done: null },
      "done must be true or false: current value is null",
    ],
    [
      { ...good, mode: "up" },
      'mode must be "min" or "max": current value is "up"',
    ],
    [
      { ...good, epochs: {} },
      "epochs must be a list: current value is {}",
    ],
    [
      { ...good, epochs: [{ loss: 1 }, { loss: NaN }] },
      "epochs[1].loss must be a finite number: current value is NaN",
    ],
    [
      { ...good, notes: { by: 0 } },
      "notes.by must be text: current value is 0",
    ],
  ];
  for (const [value, fault] of cases) {
    assertEquals(describeFault(value, run), fault);
  }
});

Deno.test("record() takes no field from the prototype", () => {
  assertEquals(
    describeFault(Object.create(good), record({ name: text })),
    "name must be text: current value is undefined",
  );
});

Deno.test("all() names the first of several faults", () => {
  const even = that("be even", (value) => Number(value) % 2 === 0);
  assertEquals(describeFault(3, all(count, even))?.includes("be even"), true);
  assertEquals(describeFault(-3, all(count, even))?.includes("whole"), true);
  assertEquals(describeFault(4, all(count, even)), undefined);
});

Deno.test("parseData() reads text, and leaves what is none", () => {
  assertEquals(parseData("read", '{"a": 1}'), { a: 1 });
  assertEquals(parseData("read", good), good);
  assertThrows(
    () => parseData("read a run", "{"),
    TypeError,
    "Cannot read a run as the data must be JSON: ",
  );
});

Deno.test("show() is short, whatever it shows", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  assertEquals(show(cyclic), '{"self":…}');
  assertEquals(show(1n), "1n");
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  assertEquals(show(deep), "[[[[[[[[[…]]]]]]]]]");
  const thrown = {
    get lr() {
      throw new Error("no");
    },
  };
  assertEquals(show(thrown), "[object Object]");
  assertEquals(show(() => 1), "a function");
  assertEquals(show(undefined), "undefined");
  assertEquals(show("x".repeat(200)).length, 81);
});

Deno.test("show() names the class of what is more than data", () => {
  class Model {
    readonly weights = new Array(1000).fill(0.5);
  }
  assertEquals(show(new Model()), "a Model");
  assertEquals(show(new Map()), "a Map");
  assertEquals(show({ a: [1] }), '{"a":[1]}');
  assertEquals(show(Object.create(null)), "{}");
  assertEquals(show([1, 2]), "[1,2]");
});

Deno.test("show() shows what is within lists and objects as it was given", () => {
  const given: [unknown, string][] = [
    [[NaN, Infinity, -0, 1n], "[NaN,Infinity,-0,1n]"],
    [{ lr: NaN, at: undefined }, '{"lr":NaN,"at":undefined}'],
    [
      [() => 1, undefined, null, , "x"],
      '[a function,undefined,null,undefined,"x"]',
    ],
    [Float32Array.of(0.5, 2), "[0.5,2]"],
    [
      { xs: tf.ones([2]), ys: [tf.ones([1])] },
      '{"xs":a Tensor,"ys":[a Tensor]}',
    ],
    [Promise.resolve(), "a Promise, which wants an await"],
    [[Promise.resolve()], "[a Promise, which wants an await]"],
  ];
  for (const [value, shown] of given) assertEquals(show(value), shown);
  // A million numbers are not put into text to show the first.
  assertEquals(show(new Array(1e6).fill(1)).length, 81);
});
