/** Convolutions of each channel with a filter of its own. */

import type { Compute } from "./compute.ts";
import { type Frame, type Images, type Windows, windowSteps } from "./frame.ts";
import { scoped } from "../../../runtime/scoped.ts";
import { sumRows } from "./rows.ts";

const MOST_GROUPS = 16;

/** Windows on framed images. */
interface DepthwiseWindows {
  readonly frame: Frame;
  readonly images: Images;
  readonly windows: Windows;
  readonly out: number;
}

/** The steps of windows whose channels are taken one by one. */
function depthwiseSteps(frame: Frame, windows: Windows, channels: number) {
  return {
    ...windowSteps(frame, { ...windows, dilationWidth: 1 }, channels),
    middle: windows.filterWidth,
    middleStep: windows.dilationWidth * 4 * channels,
    run: 1,
  };
}

/** Convolves each channel of framed images with a filter of its own. */
export function convolveDepthwise(
  compute: Compute,
  { frame, images, windows, out, filter }: DepthwiseWindows & {
    readonly filter: number;
  },
): void {
  const { channels, count } = images;
  const { run: _, ...steps } = depthwiseSteps(frame, windows, channels);
  compute.run(
    "depthwise",
    { a: frame.address, b: filter, out, ...steps, channels },
    {
      chunks: count,
      multiplications: count * windows.rows * windows.columns * channels *
        steps.outer *
        steps.middle,
    },
  );
}

/** The gradient of a depthwise convolution with respect to its filter. */
export function correlateDepthwise(
  compute: Compute,
  { frame, images, windows, out, dy }: DepthwiseWindows & {
    readonly dy: number;
  },
): void {
  const { channels, count } = images;
  const { run: _, ...steps } = depthwiseSteps(frame, windows, channels);
  const size = steps.outer * steps.middle * channels;
  if (count === 0) {
    compute.floats(out, size).fill(0);
    return;
  }
  const groupImages = Math.ceil(count / MOST_GROUPS);
  const groups = Math.ceil(count / groupImages);
  scoped((own) => {
    const partial = own(compute.scratch(4 * groups * size));
    compute.run(
      "correlateDepthwise",
      {
        a: frame.address,
        d: dy,
        out: partial.address,
        images: count,
        groupImages,
        ...steps,
        channels,
      },
      {
        chunks: groups,
        multiplications: count * windows.rows * windows.columns * size,
      },
    );
    sumRows(compute, {
      from: partial.address,
      rows: groups,
      columns: size,
      to: out,
    });
  });
}
