function isProbe(message: unknown): boolean {
  return globalThis.SharedArrayBuffer !== undefined &&
    message instanceof SharedArrayBuffer && message.byteLength === 1;
}

/** The start before; they take turns, as each replaces a global for a while. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs `start` with a `MessageChannel` that is closed after a first message of
 * one shared byte. By such a message onnxruntime-web finds out whether memory
 * can be shared, and it never closes the channel.
 */
export function withProbeClosed<T>(start: () => Promise<T>): Promise<T> {
  const started = last.then(() => replaceWhile(start));
  last = started.catch(() => {});
  return started;
}

async function replaceWhile<T>(start: () => Promise<T>): Promise<T> {
  const Original = globalThis.MessageChannel;
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
  }
}
