/** When timers, signals and input last had their turn in a long computation. */
let last = performance.now();

/**
 * Lets timers, signals and input run where they have not for `every` milliseconds:
 * a backend that computes on this thread keeps them waiting, as promises alone do
 * not let them in. One clock serves all computations, so that many short ones
 * after each other do no more keep them waiting than a long one.
 *
 * @param wait Waits for a turn of the event loop. @default {a timer}
 */
export async function othersTurn(
  every: number,
  wait: () => Promise<unknown> = () =>
    new Promise((resolve) => setTimeout(resolve)),
): Promise<void> {
  if (performance.now() - last < every) return;
  await wait();
  last = performance.now();
}
