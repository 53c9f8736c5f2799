import { createGunzip } from "node:zlib";

/**
 * What a gzip file holds: as a `DecompressionStream`, which refuses the members
 * that may follow the first, of a file that was put together from several or
 * packed in parallel. Damage is a `TypeError` there and here.
 */
export class GunzipStream extends TransformStream<Uint8Array, Uint8Array> {
  constructor() {
    const gunzip = createGunzip();
    // Of damage it tells by an event alone: no callback is called any more.
    const damage = new Promise<never>((_, reject) => {
      gunzip.on("error", (cause) => {
        reject(new TypeError(`no gzip: ${cause.message}`, { cause }));
      });
    });
    damage.catch(() => {});
    // Before all is written where zeros follow, which fill up a block of a tape.
    const end = new Promise<void>((resolve) => gunzip.on("end", resolve));
    super({
      start(controller) {
        gunzip.on("data", (chunk) => controller.enqueue(chunk));
      },
      transform: (chunk) =>
        Promise.race([
          damage,
          new Promise<void>((resolve) => gunzip.write(chunk, () => resolve())),
        ]),
      flush: () => {
        gunzip.end();
        return Promise.race([damage, end]);
      },
      cancel: () => {
        gunzip.destroy();
      },
    });
  }
}
