import {
  add,
  atomic,
  call,
  different,
  drop,
  equal,
  greater,
  i32,
  less,
  loadI32,
  loopUntilNot,
  loopWhile,
  mul,
  storeI32,
  when,
} from "./_assembler.ts";
import { FunctionBuilder } from "./_function_builder.ts";
import type { Target } from "./_kernel.ts";

/** Where a job lies in its block of memory, in bytes. */
export const job = {
  /** Changes with every job; workers sleep on it. */
  generation: 0,
  /** 1 while chunks may be claimed. */
  open: 4,
  /** The next chunk to claim. */
  next: 8,
  chunks: 12,
  /** How many workers are looking at the job. */
  active: 16,
  kernel: 20,
  arguments: 32,
  size: 256,
} as const;

/** Claims the chunks of the open job until none is left. */
export function claim(
  target: Target,
  kernels: readonly number[],
): FunctionBuilder {
  const f = new FunctionBuilder(1);
  const [base] = f.params;
  const [chunk, kernel] = f.locals("i32", 2);
  const next = target.shared
    ? chunk.set(atomic.fetchAdd(base.get, i32(1), job.next))
    : [
      chunk.set(loadI32(base.get, job.next)),
      storeI32(base.get, add(chunk.get, i32(1)), job.next),
    ];
  return f.body(
    kernel.set(loadI32(base.get, job.kernel)),
    next,
    loopWhile(
      less(chunk.get, loadI32(base.get, job.chunks)),
      kernels.map((index, number) =>
        when(
          equal(kernel.get, i32(number)),
          call(index, add(base.get, i32(job.arguments)), chunk.get),
        )
      ),
      next,
    ),
  );
}

/** How often a thread looks again before it sleeps, some tens of µs. */
const SPINS = 20_000;

/** A worker thread's life: sleep until there is a job, help with it. */
export function work(claimIndex: number): FunctionBuilder {
  const f = new FunctionBuilder(1);
  const [base] = f.params;
  const [seen, spins] = f.locals("i32", 2);
  return f.body(
    loopUntilNot(
      i32(1),
      seen.set(atomic.load(base.get, job.generation)),
      // A worker announces itself before it looks whether the job is still
      // open, so that the caller cannot replace the job under it.
      drop(atomic.fetchAdd(base.get, i32(1), job.active)),
      when(
        atomic.load(base.get, job.open),
        call(claimIndex, base.get),
      ),
      drop(atomic.fetchAdd(base.get, i32(-1), job.active)),
      atomic.notify(base.get, job.active),
      spins.set(i32(SPINS)),
      loopWhile(
        mul(
          equal(atomic.load(base.get, job.generation), seen.get),
          greater(spins.get, i32(0)),
        ),
        spins.add(-1),
      ),
      atomic.wait(base.get, seen.get, job.generation),
    ),
  );
}

/** The caller's part: opens the job, helps, and waits until all have left. */
export function lead(claimIndex: number): FunctionBuilder {
  const f = new FunctionBuilder(1);
  const [base] = f.params;
  const [active, spins] = f.locals("i32", 2);
  const settled = [
    active.set(atomic.load(base.get, job.active)),
    active.get,
  ];
  return f.body(
    atomic.store(base.get, i32(1), job.open),
    drop(atomic.fetchAdd(base.get, i32(1), job.generation)),
    atomic.notify(base.get, job.generation),
    call(claimIndex, base.get),
    atomic.store(base.get, i32(0), job.open),
    spins.set(i32(SPINS)),
    loopWhile(
      mul(
        different(settled, i32(0)),
        greater(spins.get, i32(0)),
      ),
      spins.add(-1),
    ),
    loopWhile(
      settled,
      atomic.wait(base.get, active.get, job.active),
    ),
  );
}
