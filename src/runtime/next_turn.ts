const { setImmediate } = globalThis as {
  setImmediate?: (callback: () => void) => void;
};

/** Resolves in the event loop's next turn, after what waits for it now. */
export function nextTurn(): Promise<void> {
  if (setImmediate) return new Promise((resolve) => setImmediate(resolve));
  // A browser's timers wait for 4 ms where they follow one another.
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
