/** Shapes in the terms of shaders, which know but a few dimensions. */

/** The number of elements. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** A run of dimensions that are all kept, or all reduced. */
export interface Run {
  readonly length: number;
  readonly isReduced: boolean;
}

/**
 * A shape as alternating runs of kept and reduced dimensions: reducing
 * `[2, 3, 4, 5]` along 0 and 1 is reducing `[6, 20]` along 0.
 */
export function runsOf(
  shape: readonly number[],
  axes: readonly number[],
): Run[] {
  const runs: { length: number; isReduced: boolean }[] = [];
  shape.forEach((length, i) => {
    // A dimension of one element belongs to either kind.
    if (length === 1) return;
    const isReduced = axes.includes(i);
    const last = runs.at(-1);
    if (last?.isReduced === isReduced) last.length *= length;
    else runs.push({ length, isReduced });
  });
  return runs;
}

/** Workgroups of 256 for `size` invocations, which stride over more. */
export function groupsFor(size: number): [number] {
  return [Math.max(1, Math.min(16384, Math.ceil(size / 256)))];
}
