/**
 * Buffers of the GPU, used again and given back.
 *
 * tfjs's own pool never shrinks, and its buffers come back only when commands
 * are submitted. Here a buffer comes back at once: commands run in the order in
 * which they were recorded, so that the next may overwrite it.
 */

/** What the pool may hold beyond twice the recent need, in bytes. */
const SLACK = 40 * 2 ** 20;
/** Submissions after which a need is no longer recent. */
const WINDOW = 32;
/** Milliseconds without a submission after which memory is given back. */
const IDLE = 10_000;

/** A buffer and what the pool knows of it. */
interface Entry {
  readonly buffer: GPUBuffer;
  readonly size: number;
  readonly key: number;
  readonly id: number;
  /** The last submission whose commands use it. */
  usedIn: number;
  isFree: boolean;
}

/** What to do where the device has no more memory. */
export interface MemoryEvents {
  /** Hands all commands that were recorded to the GPU. */
  flush(): void;
  /** Called after buffers were destroyed: what refers to them is void. */
  onDestroy(): void;
  /** Called for the promise of each allocation's verdict. */
  onVerdict(verdict: Promise<GPUError | null>, size: number): void;
}

/** A pool in the place of tfjs's `BufferManager`, with its interface. */
export class BufferPool {
  /** Bytes of buffers in use. */
  numBytesUsed = 0;
  /** Bytes of all buffers, the free ones among them. */
  numBytesAllocated = 0;
  /** Buffers made so far. */
  numCreated = 0;

  readonly #device: GPUDevice;
  readonly #events: MemoryEvents;
  readonly #entries = new Map<GPUBuffer, Entry>();
  /** Free buffers by size and usage, the lowest id last. */
  readonly #free = new Map<number, Entry[]>();
  #numUsed = 0;
  #submission = 1;
  #nextId = 1;
  /** The most bytes in use at once, in this window and in the one before. */
  #peak = 0;
  #peakBefore = 0;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #lastSubmission = 0;
  /** Bytes that were held when the device had no more. */
  #limit = Infinity;

  /** A pool of buffers of `device`. */
  constructor(device: GPUDevice, events: MemoryEvents) {
    this.#device = device;
    this.#events = events;
  }

  /** A buffer that commands to come may use; its contents are arbitrary. */
  acquireBuffer(
    size: number,
    usage: number,
    mappedAtCreation = false,
    reuse = true,
  ): GPUBuffer {
    const free = reuse && !mappedAtCreation
      ? this.#free.get(keyOf(size, usage))
      : undefined;
    return this.#take(free?.pop()) ??
      this.#create(size, usage, mappedAtCreation);
  }

  /**
   * A buffer that no recorded command uses. What the queue writes, it writes
   * before the commands that are not submitted yet.
   */
  acquireForWriting(size: number, usage: number): GPUBuffer {
    const free = this.#free.get(keyOf(size, usage));
    let i = (free?.length ?? 0) - 1;
    while (i >= 0 && free![i].usedIn === this.#submission) i--;
    return this.#take(i >= 0 ? free!.splice(i, 1)[0] : undefined) ??
      this.#create(size, usage, false);
  }

  /** Takes back a buffer. */
  releaseBuffer(buffer: GPUBuffer, reuse = true): void {
    const entry = this.#entries.get(buffer);
    // What was acquired before this pool was cleared.
    if (entry === undefined || entry.isFree) return;
    this.#numUsed--;
    this.numBytesUsed -= entry.size;
    entry.isFree = true;
    if (!reuse) return this.#destroy(entry);
    let free = this.#free.get(entry.key);
    if (free === undefined) this.#free.set(entry.key, free = []);
    // Always the lowest id first: which buffers a step gets, and with them its
    // bind groups, then depends on no step before it.
    let i = free.length;
    while (i > 0 && free[i - 1].id < entry.id) i--;
    free.splice(i, 0, entry);
  }

  /** The number of a buffer, after noting that recorded commands use it. */
  use(buffer: GPUBuffer): number {
    const entry = this.#entries.get(buffer);
    if (entry === undefined) return -1;
    entry.usedIn = this.#submission;
    return entry.id;
  }

  /** To be called when the recorded commands were submitted. */
  submitted(): void {
    this.#submission++;
    this.#lastSubmission = performance.now();
    if (this.#submission % WINDOW === 0) {
      this.#peakBefore = this.#peak;
      this.#peak = this.numBytesUsed;
    }
    const recent = Math.max(this.#peak, this.#peakBefore);
    this.#trimTo(2 * recent + SLACK);
    this.#watchIdleness();
  }

  /** Destroys the free buffers until `bytes` are held, those used last last. */
  #trimTo(bytes: number): void {
    if (this.numBytesAllocated <= bytes) return;
    const free = [...this.#free.values()].flat()
      .filter(({ usedIn }) => usedIn < this.#submission)
      .sort((a, b) => a.usedIn - b.usedIn);
    for (const entry of free) {
      if (this.numBytesAllocated <= bytes) break;
      const list = this.#free.get(entry.key)!;
      list.splice(list.indexOf(entry), 1);
      if (list.length === 0) this.#free.delete(entry.key);
      this.#destroy(entry);
    }
    this.#events.onDestroy();
  }

  /** Gives back what is free, but for what commands not submitted yet use. */
  trim(): void {
    this.#trimTo(0);
  }

  /** Gives memory back after a while in which nothing was computed. */
  #watchIdleness(): void {
    const held = this.numBytesAllocated - this.numBytesUsed;
    if (this.#idleTimer !== undefined || held <= SLACK) return;
    this.#idleTimer = setTimeout(() => {
      this.#idleTimer = undefined;
      if (performance.now() - this.#lastSubmission >= IDLE) {
        this.#trimTo(2 * this.numBytesUsed + SLACK);
      } else this.#watchIdleness();
    }, IDLE);
    // A program that has done its work may end meanwhile.
    const timer = this.#idleTimer;
    if (typeof timer === "object") timer.unref();
    else globalThis.Deno?.unrefTimer(timer);
  }

  /** Waits for no idleness until commands are submitted again. */
  stopWatching(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = undefined;
  }

  #take(entry: Entry | undefined): GPUBuffer | undefined {
    if (entry === undefined) return undefined;
    entry.isFree = false;
    this.#count(entry.size);
    return entry.buffer;
  }

  #create(size: number, usage: number, mapped: boolean): GPUBuffer {
    // A failure is heard of too late to try again; the next is prevented.
    if (this.numBytesAllocated + size > this.#limit) this.#giveBack();
    let buffer: GPUBuffer;
    try {
      buffer = this.#allocate(size, usage, mapped);
    } catch (error) {
      if (this.numBytesAllocated === this.numBytesUsed) throw error;
      this.#giveBack();
      buffer = this.#allocate(size, usage, mapped);
    }
    this.numCreated++;
    this.numBytesAllocated += size;
    this.#entries.set(buffer, {
      buffer,
      size,
      key: keyOf(size, usage),
      id: this.#nextId++,
      usedIn: 0,
      isFree: false,
    });
    this.#count(size);
    return buffer;
  }

  /** Gives back all that is free, which may be just what is missing. */
  #giveBack(): void {
    if (this.numBytesAllocated === this.numBytesUsed) return;
    this.#events.flush();
    this.trim();
  }

  #allocate(size: number, usage: number, mappedAtCreation: boolean): GPUBuffer {
    this.#device.pushErrorScope("out-of-memory");
    try {
      return this.#device.createBuffer({ size, usage, mappedAtCreation });
    } finally {
      const verdict = this.#device.popErrorScope();
      const held = this.numBytesAllocated;
      verdict.then((error) => {
        if (error) this.#limit = Math.min(this.#limit, held);
      }, () => {}); // of a lost device, which others report
      this.#events.onVerdict(verdict, size);
    }
  }

  #count(size: number): void {
    this.#numUsed++;
    this.numBytesUsed += size;
    this.#peak = Math.max(this.#peak, this.numBytesUsed);
  }

  #destroy(entry: Entry): void {
    this.#entries.delete(entry.buffer);
    this.numBytesAllocated -= entry.size;
    entry.buffer.destroy();
  }

  /** The number of buffers in use. */
  getNumUsedBuffers(): number {
    return this.#numUsed;
  }

  /** The number of buffers that wait to be used again. */
  getNumFreeBuffers(): number {
    return this.#entries.size - this.#numUsed;
  }

  /** Destroys every buffer. */
  dispose(): void {
    this.stopWatching();
    for (const { buffer } of this.#entries.values()) buffer.destroy();
    this.#entries.clear();
    this.#free.clear();
    this.#numUsed = this.numBytesUsed = this.numBytesAllocated = 0;
  }
}

/** One number for a size and a usage, of which there are ten bits. */
function keyOf(size: number, usage: number): number {
  return size * 1024 + usage;
}
