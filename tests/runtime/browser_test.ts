/** What runs everywhere, bundled for a browser, in Chromium. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { createRequire } from "node:module";
import { type Browser, browserTest, watchedPage } from "../plots/_chromium.ts";
import { bundlePage } from "./_bundle.ts";
import { sharedFolder } from "../_folder.ts";
import { outputOfDeno } from "../_run.ts";
import type { Outcome } from "./_everywhere.ts";
import { assertSameOutcome } from "./_same_outcome.ts";
import { serveFolder } from "./_static_server.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

const EVERYWHERE = new URL("_everywhere.ts", import.meta.url).href;

/** A page that passes on what its worker, or itself, comes to. */
async function bundle(folder: string): Promise<void> {
  await bundlePage(folder, {
    "worker.ts": `import { everywhere } from "${EVERYWHERE}";
onmessage = ({ data }) => everywhere(...data).then(postMessage, (error) =>
  postMessage({ failed: error.message }));`,
    "page.ts": `import { everywhere } from "${EVERYWHERE}";
globalThis.everywhere = everywhere;
globalThis.inWorker = (...given) => new Promise((resolve) => {
  const worker = new Worker("worker.js", { type: "module" });
  worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
  worker.postMessage(given);
});`,
  });
  const builds = dirname(
    createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"),
  );
  for (const { name } of Deno.readDirSync(builds)) {
    if (!name.endsWith(".wasm")) continue;
    await Deno.copyFile(join(builds, name), join(folder, name));
  }
}

const bundled = sharedFolder(bundle);

async function outcomeOf(
  browser: Browser,
  url: string,
  call: string,
): Promise<{ outcome: Outcome; complaints: readonly string[] }> {
  const { page, complaints, requests } = await watchedPage(browser);
  try {
    await page.goto(url);
    await page.waitForFunction("globalThis.everywhere !== undefined");
    const outcome = await page.evaluate(call) as Outcome;
    assert(outcome.backend, JSON.stringify(outcome));
    const foreign = requests.filter((request) =>
      !/^(blob:)?http:\/\/127\.0\.0\.1/.test(request)
    );
    assertEquals(foreign, []);
    return { outcome, complaints };
  } finally {
    await page.close();
  }
}

browserTest(
  "a bundle finds, trains, draws and exports in Chromium as Deno does",
  async (browser) => {
    const folder = await bundled();
    const main = join(folder, "main.ts");
    await Deno.writeTextFile(
      main,
      `import { everywhere } from "${EVERYWHERE}";
console.log(JSON.stringify(await everywhere({ backend: "wasm", threads: 2 })));`,
    );
    const expected: Outcome = JSON.parse(
      await outputOfDeno([
        ...["run", "-A", "--no-check"],
        ...["--config", join(ROOT, "deno.json"), main],
      ]),
    );
    const wasm = `{ backend: "wasm", threads: 2 }`;

    await using isolated = serveFolder(folder, { isolates: true });
    const threaded = await outcomeOf(
      browser,
      isolated.url,
      `inWorker(${wasm})`,
    );
    assertEquals(threaded.outcome.device, "WASM SIMD, 2 threads");
    assertEquals(threaded.outcome.reason, "asked for by name");
    assertSameOutcome(threaded.outcome, expected);
    assertEquals(threaded.complaints, []);

    await using plain = serveFolder(folder);
    const alone = await outcomeOf(browser, plain.url, `inWorker(${wasm})`);
    assertEquals(alone.outcome.device, "WASM SIMD, 1 thread");
    assertMatch(alone.outcome.reason, /on one thread, as memory is shared/);
    assertSameOutcome(alone.outcome, expected);

    const onPage = await outcomeOf(browser, plain.url, `everywhere(${wasm})`);
    assertMatch(onPage.outcome.reason, /on one thread, as the main thread/);
    assertSameOutcome(onPage.outcome, expected);
  },
);

browserTest(
  "a bundle trains on WebGPU in Chromium, with a software adapter",
  async (browser) => {
    const folder = await bundled();
    await using server = serveFolder(folder);
    const { outcome } = await outcomeOf(
      browser,
      server.url,
      `inWorker({ backend: "webgpu" }, { iterations: 30, repeats: 1 })`,
    );
    assertEquals(outcome.backend, "webgpu");
    assertMatch(outcome.reason, /this adapter computes in software/);
    const [base, max] = outcome.bounds;
    assert(base! < max!);
    assert(outcome.trained.at(-1)! < 0.5 * outcome.trained[0]);
  },
  ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
);
