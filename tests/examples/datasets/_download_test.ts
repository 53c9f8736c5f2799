import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { createHash } from "node:crypto";
import {
  download,
  UnreachableError,
} from "../../../examples/datasets/_download.ts";
import { exists } from "../../../examples/datasets/_cache.ts";
import { DatasetError } from "../../../examples/datasets/image_dataset.ts";
import { fileResponse, serve, someBytes } from "./_fixtures.ts";
import { tempDir } from "../../_folder.ts";

const bytes = someBytes(300_000);
const md5 = createHash("md5").update(bytes).digest("hex");

Deno.test("download() writes the file, tells progress and leaves no part", async () => {
  await using dir = await tempDir();
  await using server = serve((request) => fileResponse(bytes, request));
  const seen: { done: number; total: number | undefined }[] = [];
  await download(`${server.url}a.bin`, `${dir.path}/a.bin`, {
    md5,
    onProgress: (progress) => seen.push(progress),
  });
  assertEquals(await Deno.readFile(`${dir.path}/a.bin`), bytes);
  assertEquals(await exists(`${dir.path}/a.bin.part`), false);
  assertEquals(seen.at(-1)!.done, bytes.length);
  assertEquals(seen.at(-1)!.total, bytes.length);
});

/** A `fetch` whose first answers break off after so many bytes each. */
function cutting(cuts: number[], requests: (string | null)[]) {
  return ((_url: string, init: RequestInit) => {
    const request = new Request("http://x/", { headers: init.headers });
    requests.push(request.headers.get("range"));
    const whole = fileResponse(bytes, request);
    const cut = cuts.shift();
    if (cut === undefined) return Promise.resolve(whole);
    const from = Number(/\d+/.exec(request.headers.get("range") ?? "0")![0]);
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.slice(from, from + cut));
      },
      pull(controller) {
        controller.error(new Error("connection reset"));
      },
    });
    return Promise.resolve(
      new Response(body, { status: whole.status, headers: whole.headers }),
    );
  }) as typeof fetch;
}

Deno.test("download() continues a cut transfer where it broke off", async () => {
  await using dir = await tempDir();
  const requests: (string | null)[] = [];
  await download("http://x/a.bin", `${dir.path}/a.bin`, {
    md5,
    fetch: cutting([1000, 2000], requests),
    retryDelay: 1,
  });
  assertEquals(await Deno.readFile(`${dir.path}/a.bin`), bytes);
  assertEquals(requests, [null, "bytes=1000-", "bytes=3000-"]);
});

Deno.test("download() continues the part of an earlier call", async () => {
  await using dir = await tempDir();
  const requests: (string | null)[] = [];
  const error = await assertRejects(
    () =>
      download("http://x/a.bin", `${dir.path}/a.bin`, {
        md5,
        fetch: cutting([5000, 0, 0], requests),
        retries: 2,
        retryDelay: 1,
      }),
    DatasetError,
  );
  assertMatch(error.message, /lost after 0\.0 MB \(connection reset\): start/);
  assert(!(error instanceof UnreachableError));
  assertEquals((await Deno.stat(`${dir.path}/a.bin.part`)).size, 5000);
  assertEquals(await exists(`${dir.path}/a.bin`), false);
  await download("http://x/a.bin", `${dir.path}/a.bin`, {
    md5,
    fetch: cutting([], requests),
  });
  assertEquals(await Deno.readFile(`${dir.path}/a.bin`), bytes);
  assertEquals(requests, [null, "bytes=5000-", "bytes=5000-", "bytes=5000-"]);
});

Deno.test("download() takes a part that is already whole", async () => {
  await using dir = await tempDir();
  await Deno.writeFile(`${dir.path}/a.bin.part`, bytes);
  await using server = serve((request) => fileResponse(bytes, request));
  await download(`${server.url}a.bin`, `${dir.path}/a.bin`, { md5 });
  assertEquals(await Deno.readFile(`${dir.path}/a.bin`), bytes);
});

Deno.test("download() starts again when an earlier part is of another file", async () => {
  for (const stale of [someBytes(1000, 7), someBytes(400_000, 7)]) {
    await using dir = await tempDir();
    await Deno.writeFile(`${dir.path}/a.bin.part`, stale);
    await using server = serve((request) => fileResponse(bytes, request));
    await download(`${server.url}a.bin`, `${dir.path}/a.bin`, {
      md5,
      retryDelay: 1,
    });
    assertEquals(await Deno.readFile(`${dir.path}/a.bin`), bytes);
  }
});

Deno.test("download() starts again where the server knows no ranges", async () => {
  await using dir = await tempDir();
  await Deno.writeFile(`${dir.path}/a.bin.part`, bytes.slice(0, 500));
  await using server = serve(() => new Response(bytes));
  await download(`${server.url}a.bin`, `${dir.path}/a.bin`, { md5 });
  assertEquals(await Deno.readFile(`${dir.path}/a.bin`), bytes);
});

Deno.test("download() refuses a wrong sum and removes the part", async () => {
  await using dir = await tempDir();
  await using server = serve((request) => fileResponse(bytes, request));
  const error = await assertRejects(
    () =>
      download(`${server.url}a.bin`, `${dir.path}/a.bin`, {
        md5: "0".repeat(32),
      }),
    DatasetError,
  );
  assertStringIncludes(error.message, `must be ${"0".repeat(32)}`);
  assertStringIncludes(error.message, `current value is ${md5}`);
  assert(!(error instanceof UnreachableError));
  assertEquals([...Deno.readDirSync(dir.path)], []);
});

Deno.test("download() says unreachable for a refusal and for a closed port", async () => {
  await using dir = await tempDir();
  let closed: string;
  {
    await using server = serve(() => new Response("no", { status: 404 }));
    closed = server.url;
    const error = await assertRejects(
      () => download(`${server.url}a`, `${dir.path}/a`, { md5 }),
      UnreachableError,
    );
    assertStringIncludes(error.message, "answered 404");
  }
  await assertRejects(
    () => download(`${closed}a`, `${dir.path}/a`, { md5 }),
    UnreachableError,
    "cannot be reached",
  );
});

Deno.test("download() gives up on a server that does not answer", async () => {
  await using dir = await tempDir();
  const silent =
    ((_url: string, init: RequestInit) =>
      new Promise((_, reject) =>
        init.signal!.addEventListener(
          "abort",
          () => reject(init.signal!.reason),
        )
      )) as typeof fetch;
  const error = await assertRejects(
    () =>
      download("http://x/a", `${dir.path}/a`, {
        md5,
        fetch: silent,
        connectTimeout: 5,
      }),
    UnreachableError,
  );
  assertStringIncludes(error.message, "no answer within 0.005 s");
});

Deno.test("download() stops on the caller's signal and keeps what came", async () => {
  await using dir = await tempDir();
  const abort = new AbortController();
  const endless = ((_url: string, init: RequestInit) =>
    Promise.resolve(
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(bytes.slice(0, 100));
            init.signal!.addEventListener(
              "abort",
              () => controller.error(init.signal!.reason),
            );
          },
        }),
      ),
    )) as typeof fetch;
  await assertRejects(
    () =>
      download("http://x/a", `${dir.path}/a`, {
        md5,
        fetch: endless,
        signal: abort.signal,
        onProgress: () => abort.abort(new Error("enough")),
      }),
    Error,
    "enough",
  );
  assertEquals((await Deno.stat(`${dir.path}/a.part`)).size, 100);
});
