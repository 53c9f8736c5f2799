/** An exported model, run by onnxruntime-web in a bundle in Chromium. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { createRequire } from "node:module";
import { type Browser, browserTest, watchedPage } from "../plots/_chromium.ts";
import { withFolder } from "../_folder.ts";
import { bundlePage } from "./_bundle.ts";
import { serveFolder } from "./_static_server.ts";

/** Says how far a session's outputs are from tfjs's, or why there are none. */
const SCRIPT = `
import * as tf from "@tensorflow/tfjs";
import { createSession, toOnnx } from "@clr/clr/onnx";
globalThis.compare = async (options) => {
  await tf.setBackend("cpu");
  const dense = tf.layers.dense({ units: 3, activation: "softmax", inputShape: [4] });
  const model = tf.sequential({ layers: [dense] });
  const session = await createSession(await toOnnx(model), options);
  const data = new Float32Array([1, 2, 3, 4]);
  const name = session.inputs[0].name;
  const [output] = Object.values(await session.run({ [name]: { data, shape: [1, 4] } }));
  const expected = await model.predict(tf.tensor(data, [1, 4])).data();
  const { threads } = session;
  await session.release();
  return { threads, errors: expected.map((value, i) => value - output.data[i]) };
};
if (typeof document === "undefined") {
  onmessage = ({ data }) => compare(data).then(postMessage);
}
globalThis.inWorker = (options) => new Promise((resolve) => {
  const worker = new Worker("page.js", { type: "module" });
  worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
  worker.postMessage(options);
});
`;

/** What the call gives on a page of its own, or the message of its error. */
async function answer(
  browser: Browser,
  url: string,
  call: string,
): Promise<{ threads?: number; errors?: object } | string> {
  const { page } = await watchedPage(browser);
  try {
    await page.goto(url);
    await page.waitForFunction("globalThis.compare !== undefined");
    return await page.evaluate(`${call}.catch(({ message }) => message)`);
  } finally {
    await page.close();
  }
}

browserTest(
  "createSession() runs a model in Chromium, with threads where they can be had",
  (browser) =>
    withFolder(async (folder) => {
      await bundlePage(folder, { "page.ts": SCRIPT });
      const builds = dirname(
        createRequire(import.meta.url).resolve("onnxruntime-web"),
      );
      await Deno.mkdir(join(folder, "ort"));
      for (const { name } of Deno.readDirSync(builds)) {
        if (!name.startsWith("ort-wasm-simd-threaded.jsep.")) continue;
        await Deno.copyFile(join(builds, name), join(folder, "ort", name));
        // Where no path is given, the file beside the script.
        if (!name.endsWith(".wasm")) continue;
        await Deno.copyFile(join(builds, name), join(folder, name));
      }
      await using plain = serveFolder(folder);
      await using isolated = serveFolder(folder, { isolates: true });
      for (
        const [url, call, threads] of [
          [plain.url, "compare({})", 1],
          [plain.url, "compare({ wasmPath: 'ort/' })", 1],
          [isolated.url, "inWorker({ wasmPath: 'ort/', threads: 2 })", 2],
        ] as const
      ) {
        const got = await answer(browser, url, call);
        assert(typeof got === "object", `${got}`);
        assertEquals(got.threads, threads);
        const errors = Object.values(got.errors!);
        assertEquals(errors.length, 3);
        assert(Math.max(...errors.map(Math.abs)) < 1e-6, `${errors}`);
      }
      for (
        const [url, options, message] of [
          [plain.url, "{ threads: 2 }", "must be 1 in a browser whose page"],
          [isolated.url, "{ threads: 2 }", "must be 1 in a browser without"],
          [plain.url, "{ wasmPath: 'no/' }", `provider "wasm" must start`],
          [plain.url, "{ wasmPath: 7 }", "wasmPath must be text"],
        ] as const
      ) {
        const got = await answer(browser, url, `compare(${options})`);
        assert(typeof got === "string", JSON.stringify(got));
        assertStringIncludes(got, message);
      }
    }),
);
