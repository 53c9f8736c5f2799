// A schedule's value: a batch should never notice it.

import { cyclic } from "@clr/clr/schedules";

// Many values a call, as the timer's own resolution is of a value's order;
// divide by VALUES.
const VALUES = 1000;

const schedules = {
  "triangular": cyclic(),
  "triangular2": cyclic({ mode: "triangular2" }),
  "exp_range": cyclic({ mode: "exp_range" }),
  "hann": cyclic({ waveform: "hann" }),
  "asymmetric": cyclic({ stepSize: 500, stepSizeDown: 3500 }),
  "scaleFn": cyclic({ scaleFn: (cycle) => 1 / cycle }),
};

let sum = 0;
for (const [name, schedule] of Object.entries(schedules)) {
  Deno.bench(`cyclic() ${name}, ${VALUES} values`, {
    group: "cyclic",
    baseline: name === "triangular",
  }, () => {
    for (let i = 0; i < VALUES; i++) sum += schedule(i * 7);
  });
}

// Keeps the values from being optimised away.
addEventListener("unload", () => {
  if (Number.isNaN(sum)) throw new Error("A schedule gave NaN");
});
