import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { CyclicLR } from "@clr/clr";
import {
  constant,
  cyclic,
  momentumOf,
  oneCycle,
  sequence,
  toKeras,
  toOptax,
  toPyTorch,
} from "@clr/clr/schedules";
import { EXAMPLES } from "./_examples.ts";
import { PYTHON, runPython } from "./_python.ts";

const ITERATIONS = Array.from({ length: 5000 }, (_, t) => t);

Deno.test({
  name:
    "toPyTorch(), toKeras() and toOptax() give the same rates for 5,000 iterations",
  ignore: PYTHON === undefined,
  async fn() {
    const items = Object.entries(EXAMPLES)
      .filter(([name]) => name !== "sequence")
      .map(([name, schedule]) => {
        const momentum = momentumOf(schedule);
        return {
          name,
          pytorch: toPyTorch(schedule),
          optax: toOptax(schedule),
          keras: momentum ? undefined : toKeras(schedule),
          rates: ITERATIONS.map(schedule),
          momenta: momentum && ITERATIONS.map(momentum),
        };
      });
    const report = await runPython<Record<string, number | string>[]>(
      "_check_exports.py",
      items,
    );
    assert(report.length === items.length);
    for (const { name, ...errors } of report) {
      for (const [what, error] of Object.entries(errors)) {
        assert(Number(error) < 1e-12, `${name}: ${what} off by ${error}`);
      }
    }
  },
});

Deno.test("toPyTorch() takes a CyclicLR as it takes its schedule", () => {
  const clr = new CyclicLR({ mode: "triangular2", stepSize: 500 });
  assertEquals(toPyTorch(clr), toPyTorch(clr.schedule));
});

Deno.test("toPyTorch() goes on at the iteration of a scheduler", () => {
  const schedule = cyclic();
  const source = toPyTorch({ schedule, iteration: 1234 });
  assertStringIncludes(source, "last_epoch=1233");
  assertStringIncludes(
    toKeras({ schedule, iteration: 1234 }),
    "iteration=1234",
  );
  assertStringIncludes(toOptax({ schedule, iteration: 1234 }), "count + 1234");
});

Deno.test("toPyTorch() refuses what Python cannot be given", () => {
  for (const schedule of [(t: number) => t, cyclic({ scaleFn: () => 1 })]) {
    assertThrows(
      () => toPyTorch(schedule),
      TypeError,
      "Cannot describe a schedule",
    );
  }
  const momentum = { base: 0.85, max: 0.95 };
  const mixed = sequence([
    { schedule: constant(0.1), iterations: 10 },
    { schedule: oneCycle({ maxLr: 1, iterations: 20, momentum }) },
  ]);
  assertThrows(
    () => toPyTorch(mixed),
    TypeError,
    "every stage must have a momentum where one has: current value is constant",
  );
});

Deno.test("toKeras() refuses a momentum, which Keras compiles in", () => {
  const schedule = cyclic({ momentum: { base: 0.85, max: 0.95 } });
  assertThrows(() => toKeras(schedule), TypeError, "must have no momentum");
});
