// A value of every kind of schedule, those that call others among them.

import { EXAMPLES } from "../../tests/schedules/_examples.ts";

// Many values a call, as the timer's own resolution is of a value's order;
// divide by VALUES.
const VALUES = 1000;

let sum = 0;
for (const [name, schedule] of Object.entries(EXAMPLES)) {
  Deno.bench(`${name}, ${VALUES} values`, {
    group: "schedules",
    baseline: name === "constant",
  }, () => {
    for (let i = 0; i < VALUES; i++) sum += schedule(i * 3);
  });
}

// Keeps the values from being optimised away.
addEventListener("unload", () => {
  if (Number.isNaN(sum)) throw new Error("A schedule gave NaN");
});
