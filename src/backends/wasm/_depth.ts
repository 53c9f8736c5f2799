/**
 * How a 3D convolution becomes one of 2D: the slices that a window meets on its
 * way into the depth lie side by side as channels.
 */

import { addressOf, Compute } from "./compute/compute.ts";
import type { BackendWasm, TensorInfo } from "./_wasm_kernel.ts";

/** Which slice tap `tap` of output slice `out` meets: every `spread`th counts. */
export interface DepthTaps {
  /** Output slices. */
  readonly out: number;
  readonly taps: number;
  /** Slices from an output slice to the next, from a tap to the next, and what
   * the first tap of the first one is before the first slice. */
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  /** Slices that are there are this far apart; between them are zeros. */
  readonly spread: number;
}

function* runsOf(taps: DepthTaps, tap: number, depth: number) {
  const { out, stride, dilation, before, spread } = taps;
  // Output slices o = first + i · step meet slice (start + i · jump).
  const offset = tap * dilation - before;
  const slice = (o: number) => (o * stride + offset) / spread;
  let first = 0;
  while (
    first < out && !(slice(first) >= 0 && Number.isInteger(slice(first)))
  ) {
    first++;
  }
  if (first >= out) return;
  let step = 1;
  while ((step * stride) % spread !== 0) step++;
  const jump = step * stride / spread;
  const last = Math.min(
    Math.floor((out - 1 - first) / step),
    Math.floor((depth - 1 - slice(first)) / jump),
  );
  if (last >= 0) {
    yield { first, step, slice: slice(first), jump, count: last + 1 };
  }
}

/**
 * Of `x`, [batch, depth, height, width, channels], the images
 * [batch · out, height, width, taps · channels].
 */
export function depthAsChannels(
  backend: BackendWasm,
  x: TensorInfo,
  taps: DepthTaps,
): TensorInfo {
  const [batch, depth, height, width, channels] = x.shape;
  const made = backend.makeOutput(
    [batch * taps.out, height, width, taps.taps * channels],
    "float32",
  );
  const compute = Compute.of(backend);
  const [from, to] = [addressOf(backend, x), addressOf(backend, made)];
  const pixelBytes = 4 * channels;
  const imageBytes = height * width * pixelBytes;
  const wideBytes = imageBytes * taps.taps;
  const size = batch * taps.out * wideBytes / 4;
  if (size === 0) return made;
  compute.floats(to, size).fill(0);
  for (let tap = 0; tap < taps.taps; tap++) {
    for (const run of runsOf(taps, tap, depth)) {
      for (let image = 0; image < batch; image++) {
        compute.run(
          "place",
          {
            from: from + (image * depth + run.slice) * imageBytes,
            to: to + (image * taps.out + run.first) * wideBytes,
            imageStep: run.jump * imageBytes,
            rowStep: width * pixelBytes,
            rows: height,
            columns: width,
            pixelBytes,
            toImageBytes: run.step * wideBytes,
            toRowStep: width * taps.taps * pixelBytes,
            toColumnStep: taps.taps * pixelBytes,
            toFirst: tap * pixelBytes,
            clear: 0,
          },
          { chunks: run.count, multiplications: run.count * imageBytes / 16 },
        );
      }
    }
  }
  return made;
}
