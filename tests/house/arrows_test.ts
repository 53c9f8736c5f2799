import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  addressesIn,
  type Arrow,
  faultsOf,
  readArrows,
  ROOMS,
} from "./arrows.ts";

/** An import as it stands in the graph. */
function arrow(from: string, to: string, is: Partial<Arrow> = {}): Arrow {
  const specifier = to.replace(/^src/, "..");
  return { from, to, specifier, typesOnly: false, dynamic: false, ...is };
}

const own = await readArrows();

/** What the check says of the project with one more import. */
function faultsWith(...more: Arrow[]): string[] {
  return faultsOf([...own, ...more]);
}

Deno.test("the project's own imports are as they may be", () => {
  assertEquals(faultsOf(own), []);
});

Deno.test("a chart may read the types of a result, and no values", () => {
  const [from, to] = [
    "src/plots/look/format.ts",
    "src/finder/curves/bounds.ts",
  ];
  assertEquals(faultsWith(arrow(from, to, { typesOnly: true })), []);
  assertEquals(faultsWith(arrow(from, to)), [
    `${from} → ${to}: src/plots may read types of src/finder alone`,
  ]);
});

Deno.test("a notebook view may not load a private file of the charts", () => {
  for (const view of ["finder", "training/schedulers"]) {
    const from = `src/${view}/_notebook.ts`;
    const to = "src/plots/_display.ts";
    assertEquals(faultsWith(arrow(from, to, { dynamic: true })), [
      `${from} → ${to}: what begins with _ is for its own folder`,
    ]);
  }
});

Deno.test("the core imports no charts, when it is loaded or later", () => {
  const [from, to] = ["src/training/history/history.ts", "src/plots/mod.ts"];
  assertEquals(faultsWith(arrow(from, to)), [
    `${from} → ${to}: src/training may not import src/plots`,
  ]);
  assertEquals(faultsWith(arrow(from, to, { dynamic: true })), [
    `${from} → ${to}: it is not among what is loaded when needed`,
  ]);
});

Deno.test("a program names no module outside src, in a text either", () => {
  const text = `new URL("../examples/cifar10.ts", import.meta.url)`;
  assertEquals(faultsWith(...addressesIn("src/find_lr.ts", text)), [
    "src/find_lr.ts → examples/cifar10.ts: what is published is in src alone",
  ]);
  const within = `import("./plots/mod.ts")`;
  assertEquals(addressesIn("src/find_lr.ts", within), []);
});

Deno.test("a circle is found, of types alone too", () => {
  const [fault, ...more] = faultsWith(
    arrow("src/schedules/_traits.ts", "src/schedules/description.ts", {
      typesOnly: true,
    }),
  );
  assertEquals(more, []);
  assertStringIncludes(fault, "a circle: src/schedules/_traits.ts, ");
  assertStringIncludes(fault, "src/schedules/warmup_stable_decay.ts");
  assertEquals(fault.split(", ").length, 18);
});

Deno.test("an example uses published names alone", () => {
  const [from, to] = ["examples/mnist.ts", "src/command/run.ts"];
  assertEquals(
    faultsWith(arrow(from, to, { specifier: "@clr/clr/command" })),
    [],
  );
  assertEquals(faultsWith(arrow(from, to)), [
    `${from} → ${to}: examples use published names alone`,
  ]);
});

Deno.test("nothing imports a program, and a new folder needs a rule", () => {
  assertEquals(
    faultsOf([
      arrow("src/command/run.ts", "src/doctor.ts"),
      arrow("src/new/file.ts", "src/tfjs/types.ts"),
    ]),
    [
      "src/command/run.ts → src/doctor.ts: nothing imports a program",
      "src/new/file.ts → src/tfjs/types.ts: there is no rule for src/new",
    ],
  );
});

Deno.test("the rooms of a folder are stated from the ground up, each as it is used", () => {
  for (const [folder, rooms] of Object.entries(ROOMS)) {
    const used = (room: string) =>
      own.filter(({ from }) => from.startsWith(`src/${folder}/${room}/`))
        .map(({ to }) => to);
    const beneath: string[] = [];
    for (const [room, imports] of Object.entries(rooms)) {
      assertEquals(imports, beneath.filter((one) => imports.includes(one)));
      for (const one of imports) {
        const into = `src/${folder}/${one}/`;
        assert(used(room).some((to) => to.startsWith(into)), `${room}: ${one}`);
      }
      beneath.push(room);
    }
  }
});

Deno.test("a room imports rooms beneath it alone, and no private file of theirs", () => {
  const curve = "src/finder/curves/curve.ts";
  assertEquals(
    faultsOf([
      arrow(curve, "src/finder/verdict/conclude.ts", { typesOnly: true }),
      arrow(curve, "src/finder/range.ts"),
      arrow("src/finder/range.ts", "src/finder/verdict/_about.ts"),
      arrow("src/finder/new/file.ts", curve),
    ]),
    [
      `${curve} → src/finder/verdict/conclude.ts: curves may not import verdict`,
      `${curve} → src/finder/range.ts: what lies in src/finder stands above`,
      "src/finder/range.ts → src/finder/verdict/_about.ts: what begins with _ is for its own room",
      `src/finder/new/file.ts → ${curve}: there is no rule for src/finder/new`,
    ],
  );
});
