/** What schedules are made from, with every field of it damaged. */

import { assert } from "@std/assert";
import {
  fromDescription,
  fromKeras,
  fromPyTorch,
  type Schedule,
} from "@clr/clr/schedules";
import { damage, type Json, pathsIn, TEXTLESS } from "./_damage.ts";
import { DESCRIPTIONS, KERAS, PYTORCH } from "./_schedule_data.ts";

const READ: {
  readonly [name: string]: readonly [unknown[], (json: Json) => Schedule];
} = {
  "fromDescription()": [DESCRIPTIONS, fromDescription],
  "fromKeras()": [KERAS, fromKeras],
  "fromPyTorch()": [PYTORCH, (json) => fromPyTorch(json).schedule],
};

const WRONG = [null, "1", "tensor(1)", true, [], {}, [[]], TEXTLESS, [
  TEXTLESS,
]];

for (const [name, [data, read]] of Object.entries(READ)) {
  Deno.test(`${name} makes a schedule of damaged data, or says in a sentence why not`, () => {
    for (const whole of data) {
      for (const path of pathsIn(whole)) {
        for (
          const value of ["removed" as const, ...WRONG.map((by) => ({ by }))]
        ) {
          const what = `${path.join(".")} ${JSON.stringify(value)}`;
          try {
            const rate = read(damage(whole, path, value))(0);
            assert(Number.isFinite(rate) && rate >= 0, what);
          } catch (error) {
            assert(
              error instanceof TypeError || error instanceof RangeError,
              `${what}: ${error}`,
            );
            assert(
              /^Cannot [a-z]+ .* must /.test(error.message),
              `${what}: ${error}`,
            );
          }
        }
      }
    }
  });
}
