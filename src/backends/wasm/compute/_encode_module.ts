import { unsigned } from "./_assembler.ts";
import { type FunctionBuilder, valueTypes } from "./_function_builder.ts";

function section(id: number, items: number[][]): number[] {
  const bytes = [...unsigned(items.length), ...items.flat()];
  return [id, ...unsigned(bytes.length), ...bytes];
}

function text(value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)];
  return [...unsigned(bytes.length), ...bytes];
}

/**
 * Encodes a module over the imported memory `env.memory`.
 *
 * @param functions In the order of their indices.
 * @param exported Which indices are exported, under which names.
 * @param memory The memory: whether threads share it, and how many pages it has
 * at least. An access at a constant address among those is not checked.
 */
export function encodeModule(
  functions: readonly FunctionBuilder[],
  exported: Readonly<Record<string, number>>,
  memory: { readonly shared: boolean; readonly pages: number },
): Uint8Array<ArrayBuffer> {
  const most = Math.max(...functions.map((f) => f.paramCount));
  const types = Array.from({ length: most + 1 }, (_, count) => [
    0x60,
    ...unsigned(count),
    ...Array(count).fill(valueTypes.i32),
    0,
  ]);
  const least = unsigned(memory.pages);
  const limits = memory.shared
    ? [0x03, ...least, ...unsigned(65536)]
    : [0x00, ...least];
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(2, [[...text("env"), ...text("memory"), 0x02, ...limits]]),
    ...section(3, functions.map((f) => unsigned(f.paramCount))),
    ...section(
      7,
      Object.entries(exported).map(([name, index]) => [
        ...text(name),
        0,
        ...unsigned(index),
      ]),
    ),
    ...section(10, functions.map((f) => f.encode())),
  ]);
}
