/**
 * Where the values of a tensor of shape `shape` lie for each value of one of
 * shape `to`, to which it broadcasts.
 */
export function broadcastOffsets(
  shape: readonly number[],
  to: readonly number[],
): (index: number) => number {
  const steps: { size: number; step: number }[] = [];
  let step = 1;
  for (let axis = to.length - 1; axis >= 0; axis--) {
    const length = shape[axis - to.length + shape.length] ?? 1;
    steps.push({ size: to[axis], step: length === 1 ? 0 : step });
    step *= length;
  }
  return (index) => {
    let offset = 0;
    for (const { size, step } of steps) {
      offset += index % size * step;
      index = Math.floor(index / size);
    }
    return offset;
  };
}
