/** Downloads MNIST's files from a server of this computer into the cache. */

import { loadMnist } from "../../examples/datasets/mnist.ts";

const [baseUrl] = Deno.args;
try {
  await loadMnist({
    source: "download",
    baseUrl,
    onProgress: () => {},
    download: { retries: 0 },
  });
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
