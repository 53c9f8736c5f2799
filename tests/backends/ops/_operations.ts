import { elementwise } from "./_elementwise.ts";
import { losses } from "./_losses.ts";
import { layers } from "./_layers.ts";
import { images } from "./_images.ts";
import { moves } from "./_moves.ts";
import type { Operation } from "./_operation.ts";
import { multiplied } from "./_products.ts";
import { reducing } from "./_reductions.ts";
import { windowed } from "./_windows.ts";

/** Every operation under test. */
export const operations: readonly Operation[] = [
  ...elementwise,
  ...reducing,
  ...moves,
  ...multiplied,
  ...images,
  ...windowed,
  ...layers,
  ...losses,
];
