import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { type HistoryColumns, LivePage, type RunHistory } from "@clr/clr/plots";
import { readEvents } from "./_events.ts";
import { exampleRun } from "./_data.ts";

/** All that a viewer is told until the end of the run: its rows, or the epochs'. */
async function watch(
  url: string,
  told: "rows" | "epochs" = "rows",
): Promise<Record<string, number[]>> {
  const response = await fetch(`${url}events`);
  let columns: Record<string, number[]> = {};
  for await (const { name, data } of readEvents(response.body!)) {
    if (name === "status" && data.state === "ended") break;
    if (name === "restart") columns = {};
    if (name !== told) continue;
    for (const column in data) {
      (columns[column] ??= []).push(...data[column]);
    }
  }
  return columns;
}

Deno.test("LivePage shows a run to several viewers, while this thread is busy", async () => {
  const run = exampleRun(500);
  await using live = await LivePage.open({ title: "A run", iterations: 500 });
  assertMatch(live.url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  const viewers = [watch(live.url), watch(live.url)];
  live.follow(run);
  await live.end("over", run);
  const late = watch(live.url);
  for (const columns of await Promise.all([...viewers, late])) {
    assertEquals(columns, run.history as unknown);
  }
});

/** The first `count` batches of a run and its epochs until then, of another loss. */
function goneBack({ history, epochHistory }: RunHistory, count: number) {
  const first = (columns: HistoryColumns) =>
    Object.fromEntries(
      Object.entries(columns).map(([name, values]) => [
        name,
        Array.from(values)
          .filter((_, i) => columns.iterations[i] <= count)
          .map((value) => name.endsWith("loss") ? value + 1 : value),
      ]),
    ) as unknown as HistoryColumns;
  return { history: first(history), epochHistory: first(epochHistory!) };
}

for (
  const [where, count] of [
    ["before what was shown", 300],
    ["before the first epoch", 10],
    ["to where it was by the next look", 500],
    ["to the beginning", 0],
  ] as const
) {
  Deno.test(`LivePage forgets what a run no longer has that went back ${where}`, async () => {
    const run = exampleRun(500);
    const again = goneBack(run, count);
    await using live = await LivePage.open({ iterations: 500 });
    const early = [watch(live.url), watch(live.url, "epochs")];
    live.follow(run);
    await live.end("over", again);
    const late = [watch(live.url), watch(live.url, "epochs")];
    for (
      const [rows, epochs] of [
        await Promise.all(early),
        await Promise.all(late),
      ]
    ) {
      const shown = rows.iterations ? rows : goneBack(run, 0).history;
      assertEquals(shown, again.history as unknown);
      assertEquals(
        epochs.val_loss ?? [],
        again.epochHistory.val_loss as unknown,
      );
    }
  });
}

Deno.test("LivePage flushes what is on a device before it says the end", async () => {
  const history: Record<string, number[]> = { iterations: [], lr: [] };
  await using live = await LivePage.open();
  const viewer = watch(live.url);
  await live.end("over", {
    history: history as { iterations: number[] },
    flush: () => {
      history.iterations.push(1, 2);
      history.lr.push(0.1, 0.2);
      return Promise.resolve();
    },
  });
  assertEquals(await viewer, { iterations: [1, 2], lr: [0.1, 0.2] });
});

Deno.test("LivePage takes rows one by one", async () => {
  await using live = await LivePage.open({ x: "lr" });
  const viewer = watch(live.url);
  for (let i = 0; i < 100; i++) {
    live.record({ iterations: i, lr: 10 ** (i / 20 - 5), loss: 2 });
  }
  await live.end("over");
  assertEquals(
    (await viewer).iterations,
    Array.from({ length: 100 }, (_, i) => i),
  );
});

Deno.test("LivePage listens on the loopback address alone", async () => {
  await using live = await LivePage.open();
  const port = Number(new URL(live.url).port);
  const outward = Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.")
  );
  if (outward === undefined) {
    console.log("Not tested: this machine has the loopback address alone.");
    return;
  }
  await assertRejects(() => Deno.connect({ hostname: outward.address, port }));
});

Deno.test("LivePage.open() rejects when the port is taken", async () => {
  await using live = await LivePage.open();
  const port = Number(new URL(live.url).port);
  const error = await assertRejects(
    () => LivePage.open({ port }),
    Deno.errors.AddrInUse,
    `must listen on 127.0.0.1:${port}: AddrInUse`,
  );
  assert(error.cause instanceof Deno.errors.AddrInUse);
});

Deno.test("LivePage closes though a viewer never reads", async () => {
  const live = await LivePage.open();
  const response = await fetch(`${live.url}events`);
  const iterations = Array.from({ length: 16_000 }, (_, i) => i);
  const history = {
    iterations,
    ...Object.fromEntries(
      ["a", "b", "c", "d", "e", "f", "g", "h"].map((
        name,
      ) => [name, iterations.map((i) => Math.sin(i))]),
    ),
  };
  live.follow({ history });
  await live.end("over", { history });
  await live.close();
  await response.body!.cancel().catch(() => {});
});

Deno.test("LivePage.record() refuses a row of other columns than the first", async () => {
  await using live = await LivePage.open();
  live.record({ iterations: 1, lr: 0.1, loss: 2 });
  // The order of names is no matter.
  live.record({ loss: NaN, iterations: 2, lr: 0.1 });
  const others: Record<string, number>[] = [
    { iterations: 3, lr: 0.1 },
    { lr: 0.1 },
  ];
  for (const row of others) {
    assertThrows(() => live.record(row), TypeError, "Cannot show a row as ");
  }
});
