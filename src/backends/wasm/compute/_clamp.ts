import {
  add,
  type FunctionBuilder,
  i32,
  mul,
  smaller,
  sub,
  v128,
} from "./_assembler.ts";
import { eachColumn, kernelFunction } from "./_kernel.ts";

/** Cuts values off at both ends. */
export function clamp(): FunctionBuilder {
  return kernelFunction("clamp", (f, args, chunk) => {
    const [first, count, from, to] = f.locals("i32", 4);
    return [
      first.set(mul(chunk.get, args.chunkSize.get)),
      count.set(smaller(args.chunkSize.get, sub(args.size.get, first.get))),
      from.set(add(args.from.get, mul(first.get, i32(4)))),
      to.set(add(args.to.get, mul(first.get, i32(4)))),
      eachColumn(f, count, (offset, load, store) =>
        // Both instructions give NaN where either side is NaN.
        store(
          add(to.get, offset.get),
          v128.min(
            v128.max(
              load(add(from.get, offset.get)),
              v128.splatI32(args.lowest.get),
            ),
            v128.splatI32(args.highest.get),
          ),
        )),
    ];
  });
}
