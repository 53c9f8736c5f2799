// Schedules as data that version 0.1.0 wrote, with the rates that it gave them.

import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  fromDescription,
  lengthOf,
  momentumOf,
  type ScheduleDescription,
} from "@clr/clr/schedules";
import fixture from "./fixtures/descriptions_v1.json" with { type: "json" };

interface Written {
  readonly description: ScheduleDescription;
  /** Absent where the schedule has no end, which JSON cannot say. */
  readonly length?: number;
  readonly rates: readonly number[];
  readonly momenta?: readonly (number | null)[];
}

const schedules: { readonly [name: string]: Written } = JSON.parse(
  JSON.stringify(fixture.schedules),
);

for (const [name, written] of Object.entries(schedules)) {
  Deno.test(`fromDescription() reads what version 0.1.0 wrote of ${name}`, () => {
    const schedule = fromDescription(written.description);
    assertEquals(lengthOf(schedule), written.length ?? Infinity);
    fixture.iterations.forEach((t, i) => {
      assertAlmostEquals(schedule(t), written.rates[i], 1e-12);
      const momentum = momentumOf(schedule)?.(t);
      assertEquals(momentum === undefined, written.momenta?.[i] == null);
      if (momentum === undefined) return;
      assertAlmostEquals(momentum, written.momenta![i]!, 1e-12);
    });
  });
}
