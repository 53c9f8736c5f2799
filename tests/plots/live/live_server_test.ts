import { assert, assertEquals, assertMatch } from "@std/assert";
import { LiveServer } from "../../../src/plots/live/_live_server.ts";
import { LiveStore } from "../../../src/plots/live/_live_store.ts";
import { readEvents } from "../_events.ts";

const AXIS = { field: "iterations", title: "iteration", log: false } as const;
const FILES = { html: "<html>", script: "page()", vega: "vega()" };

function server(): LiveServer {
  return new LiveServer(FILES, AXIS);
}

function request(
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Request {
  return new Request(`http://127.0.0.1:8080${path}`, {
    method,
    headers: { host: "127.0.0.1:8080", ...headers },
  });
}

function rows(from: number, count: number) {
  const iterations = Float64Array.from({ length: count }, (_, i) => from + i);
  return { iterations, lr: iterations.map(() => 0.1), loss: iterations };
}

Deno.test("LiveServer hands out its page and forbids it everything from elsewhere", async () => {
  const live = server();
  for (
    const [path, body] of [["/", "<html>"], ["/page.js", "page()"], [
      "/vega.js",
      "vega()",
    ]]
  ) {
    const response = live.handle(request(path), 8080);
    assertEquals(response.status, 200);
    assertEquals(await response.text(), body);
    const policy = response.headers.get("content-security-policy")!;
    assertMatch(policy, /default-src 'none'/);
    assertEquals(/https?:|\*|unsafe-eval/.test(policy), false);
    assertEquals(response.headers.get("access-control-allow-origin"), null);
    assertEquals(
      response.headers.get("cross-origin-resource-policy"),
      "same-origin",
    );
  }
  assertEquals(live.handle(request("/other"), 8080).status, 404);
  assertEquals(live.handle(request("/", {}, "POST"), 8080).status, 405);
});

Deno.test("LiveServer refuses other origins and other names of this address", () => {
  const live = server();
  const status = (headers: Record<string, string>) =>
    live.handle(request("/events", headers), 8080).status;
  assertEquals(status({ origin: "https://example.com" }), 403);
  assertEquals(status({ origin: "http://localhost:9999" }), 403);
  assertEquals(status({ origin: "null" }), 403);
  assertEquals(status({ "sec-fetch-site": "cross-site" }), 403);
  assertEquals(status({ "sec-fetch-site": "same-site" }), 403);
  const renamed = new Request("http://evil.example:8080/events", {
    headers: { host: "evil.example:8080" },
  });
  assertEquals(live.handle(renamed, 8080).status, 403);
  assertEquals(live.viewers, 0);
});

Deno.test("LiveServer sends a late viewer the whole history, and then what is new", async () => {
  const live = server();
  live.addRows(rows(1, 2500));
  live.addEpochs({ iterations: [2500], val_loss: [NaN] });
  const events = readEvents(live.handle(request("/events"), 8080).body!);
  const got: number[] = [];
  const next = async () => (await events.next()).value!;

  const chart = await next();
  assertEquals([chart.name, chart.data.columns], ["chart", ["lr", "loss"]]);
  while (got.length < 2500) {
    const event = await next();
    assertEquals(event.name, "rows");
    got.push(...event.data.iterations);
  }
  const epochs = await next();
  assertEquals(epochs.data, { iterations: [2500], val_loss: [null] });
  assertEquals((await next()).data.state, "running");

  live.addRows(rows(2501, 3));
  const more = await next();
  assertEquals(more.data.iterations, [2501, 2502, 2503]);
  got.push(...more.data.iterations);
  assertEquals(got, Array.from({ length: 2503 }, (_, i) => i + 1));

  live.setStatus({ state: "ended", message: "over", facts: {} });
  assertEquals((await next()).data, {
    state: "ended",
    message: "over",
    facts: {},
  });
  await events.return(undefined);
  assertEquals(live.viewers, 0);
});

Deno.test("LiveServer tells of a metric that appears later", async () => {
  const live = server();
  live.addRows({ iterations: [1, 2], lr: [1, 1] });
  const events = readEvents(live.handle(request("/events"), 8080).body!);
  const names: string[] = [];
  const charts: string[][] = [];
  for (let i = 0; i < 3; i++) {
    const { name, data } = (await events.next()).value!;
    names.push(name);
    if (name === "chart") charts.push(data.columns);
  }
  live.addRows({ iterations: [3], lr: [1], acc: [0.5] });
  const again = (await events.next()).value!;
  assertEquals(names, ["chart", "rows", "status"]);
  assertEquals([...charts, again.data.columns], [["lr"], ["lr", "acc"]]);
  await events.return(undefined);
});

Deno.test("LiveServer makes nothing for a viewer that does not read", async () => {
  const live = server();
  const events = readEvents(live.handle(request("/events"), 8080).body!);
  for (let i = 0; i < 300; i++) live.addRows(rows(1 + 1000 * i, 1000));
  // When it reads at last, it gets the bounded history of a long run.
  let received = 0;
  for await (const { name, data } of events) {
    if (name === "rows") received += data.iterations.length;
    if (name === "status") break;
  }
  assert(received > 1000 && received < 17_000, `${received}`);
  assertEquals(live.viewers, 0);
});

Deno.test("LiveStore holds a bounded history with its peaks", () => {
  const store = new LiveStore();
  for (let i = 0; i < 200; i++) {
    const columns = rows(1000 * i, 1000);
    if (i === 77) columns.loss = columns.loss.map((_, k) => k === 5 ? 1e9 : 0);
    store.add(columns);
  }
  assertEquals(store.next, 200_000);
  assert(store.length < 17_000);
  const { columns, next } = store.from(0, Infinity);
  assertEquals(next, 200_000);
  assertEquals(columns.iterations[0], 0);
  assertEquals(columns.iterations.at(-1), 199_999);
  const gaps = columns.iterations.slice(1).map((value, i) =>
    value! - columns.iterations[i]!
  );
  // Three columns leave 682 buckets: the oldest as fine as the newest.
  assert(Math.max(...gaps) <= 2 * 200_000 / 682, `${Math.max(...gaps)}`);
  const peak = columns.loss.indexOf(1e9);
  assertEquals(columns.iterations[peak], 77_005);
});

Deno.test("LiveStore holds a bounded history of many metrics", () => {
  const store = new LiveStore();
  const names = Array.from({ length: 30 }, (_, i) => `metric${i}`);
  for (let i = 0; i < 40; i++) {
    const { iterations } = rows(1000 * i, 1000);
    store.add({
      iterations,
      ...Object.fromEntries(
        names.map((name, k) => [name, iterations.map((t) => Math.sin(k * t))]),
      ),
    });
    assert(store.length < 17_500);
  }
});

Deno.test("LiveStore continues after the row that was sent last, thinned or not", () => {
  const store = new LiveStore();
  store.add(rows(0, 10));
  const first = store.from(0, 4);
  assertEquals(first.columns.iterations, [0, 1, 2, 3]);
  assertEquals(store.from(first.next, 100).columns.iterations, [
    4,
    5,
    6,
    7,
    8,
    9,
  ]);
  for (let i = 0; i < 40; i++) store.add(rows(10 + 1000 * i, 1000));
  const rest = store.from(4, Infinity).columns.iterations as number[];
  assert(
    rest.every((iteration, i) =>
      iteration >= 4 && (i === 0 || iteration > rest[i - 1])
    ),
  );
  assertEquals(store.from(store.next, 10), {
    columns: { iterations: [], lr: [], loss: [] },
    next: store.next,
  });
});

Deno.test("LiveServer answers an address that is none", () => {
  const live = server();
  // What Deno gives for a Host header such as "[::bad%".
  const malformed = {
    url: "http://[::bad%/",
    method: "GET",
    headers: new Headers(),
  } as Request;
  assertEquals(live.handle(malformed, 8080).status, 400);
});
