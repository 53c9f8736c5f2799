function isProbe(message: unknown): boolean {
  return globalThis.SharedArrayBuffer !== undefined &&
    message instanceof SharedArrayBuffer && message.byteLength === 1;
}

/** The start before; they take turns, as each replaces a global for a while. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs `start` so that onnxruntime-web leaves nothing behind.
 *
 * It finds out whether memory can be shared by a message of one shared byte, and
 * never closes the channel: here that is closed after it. And its threads are
 * Node's workers, which it puts in place of the global `Worker` of Deno and Bun:
 * here it has them while it starts, and everybody else has their own again.
 */
export function startApart<T>(start: () => Promise<T>): Promise<T> {
  const started = last.then(() => replaceWhile(start));
  last = started.catch(() => {});
  return started;
}

/** The `Worker` that onnxruntime-web has put in place of the runtime's. */
let itsWorker: typeof Worker | undefined;

async function replaceWhile<T>(start: () => Promise<T>): Promise<T> {
  const Original = globalThis.MessageChannel;
  const OwnWorker = globalThis.Worker;
  if (itsWorker) globalThis.Worker = itsWorker;
  globalThis.MessageChannel = class extends Original {
    constructor() {
      super();
      const { port1, port2 } = this;
      const post = port1.postMessage.bind(port1);
      port1.postMessage = (message: unknown, options?: unknown) => {
        post(message, options as StructuredSerializeOptions);
        if (isProbe(message)) {
          port1.close();
          port2.close();
        }
      };
    }
  };
  try {
    return await start();
  } finally {
    globalThis.MessageChannel = Original;
    // Node has no Worker of its own, and whoever finds this one does well.
    if (OwnWorker && globalThis.Worker !== OwnWorker) {
      itsWorker = globalThis.Worker;
      globalThis.Worker = OwnWorker;
    }
  }
}
