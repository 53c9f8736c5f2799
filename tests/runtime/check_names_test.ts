import { assertThrows } from "@std/assert";
import { CyclicLR } from "@clr/clr";
import { cosine, cyclic, fromDescription, oneCycle } from "@clr/clr/schedules";
import { checkNames } from "../../src/runtime/check_names.ts";

Deno.test("A misspelt option is refused, with the one that was meant", () => {
  const misspelt = { base_lr: 0.1, maxLr: 0.2 };
  for (const create of [cyclic, (options: object) => new CyclicLR(options)]) {
    assertThrows(
      () => create(misspelt),
      TypeError,
      'current value has "base_lr"; did you mean "baseLr"?',
    );
  }
  assertThrows(
    () => oneCycle({ maxLr: 1, iterations: 10, pct_start: 0.4 } as never),
    TypeError,
    'did you mean "pctStart"?',
  );
  assertThrows(
    () => cosine({ startLr: 1, iterations: 2, warmup: 3 } as never),
    TypeError,
    'options must be among startLr, endLr, iterations: current value has "warmup"',
  );
  assertThrows(
    () =>
      fromDescription(
        { kind: "step", startLr: 1, stepsize: 2 } as never,
      ),
    TypeError,
    'did you mean "stepSize"?',
  );
});

Deno.test("checkNames() does not look at what an object inherits", () => {
  checkNames("test", Object.create({ other: 1 }), ["a"]);
});
