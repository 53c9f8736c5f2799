import { assert, assertEquals } from "@std/assert";
import { job } from "../../../../src/backends/wasm/compute/_job.ts";
import {
  kernelArguments,
  kernelNumber,
} from "../../../../src/backends/wasm/compute/_kernel_arguments.ts";
import { assembleComputeModule } from "../../../../src/backends/wasm/compute/_module.ts";

const targets = [false, true].flatMap((fused) =>
  [false, true].map((shared) => ({
    fused,
    wide: fused,
    shared,
    pages: 2,
    thread: 0,
    workspace: 65_536,
  }))
);

function floatBits(value: number): number {
  return new Int32Array(new Float32Array([value]).buffer)[0];
}

for (const target of targets) {
  const name = `${target.fused ? "with" : "without"} fused multiply-add, ` +
    `over ${target.shared ? "shared" : "unshared"} memory`;
  Deno.test(`assembleComputeModule() multiplies matrices ${name}`, () => {
    const bytes = assembleComputeModule(target);
    assert(WebAssembly.validate(bytes));
    const memory = new WebAssembly.Memory(
      target.shared
        ? { initial: 2, maximum: 65536, shared: true }
        : { initial: 2 },
    );
    const { exports } = new WebAssembly.Instance(
      new WebAssembly.Module(bytes),
      { env: { memory } },
    );
    const words = new Int32Array(memory.buffer);
    const floats = new Float32Array(memory.buffer);
    const [rows, inner, columns] = [13, 7, 8];
    const [a, b, out, bias] = [1024, 4096, 8192, 16384];
    for (let i = 0; i < rows * inner; i++) floats[a / 4 + i] = i % 11 - 5;
    for (let i = 0; i < inner * columns; i++) floats[b / 4 + i] = i % 7 - 3;
    for (let i = 0; i < columns; i++) floats[bias / 4 + i] = i;
    const args: Record<string, number> = {
      a,
      b,
      out,
      bias,
      pixels: rows,
      chunkPixels: 5,
      chunkColumns: columns,
      columnChunks: 1,
      rowPixels: rows,
      imageRows: 1,
      columnStep: 4 * inner,
      rowStep: 0,
      imageStep: 0,
      outColumnStep: 4 * columns,
      outRowStep: 0,
      outImageStep: 0,
      outer: 1,
      outerStep: 0,
      middle: 1,
      middleStep: 0,
      run: inner,
      columns,
      lowest: floatBits(-20),
      highest: floatBits(20),
    };
    words[job.chunks / 4] = 3;
    words[job.kernel / 4] = kernelNumber("multiply");
    kernelArguments.multiply.forEach((key, i) =>
      words[job.arguments / 4 + i] = args[key]
    );
    // Whole numbers, so that the results are exact in any order.
    (exports.claim as (job: number) => void)(0);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = column;
        for (let k = 0; k < inner; k++) {
          sum += floats[a / 4 + row * inner + k] *
            floats[b / 4 + k * columns + column];
        }
        const expected = Math.min(20, Math.max(-20, sum));
        assertEquals(floats[out / 4 + row * columns + column], expected);
      }
    }
  });
}
