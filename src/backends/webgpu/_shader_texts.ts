/**
 * The texts of shaders on their way to the driver. tfjs puts that of a program
 * together where it can only be seen when it is compiled.
 */

import { mendArithmetic } from "./_arithmetic_shaders.ts";
import { mendIndexing } from "./_indexing_shaders.ts";
import { mendPooling } from "./_pool_shaders.ts";
import { mendTopK } from "./_top_k_shaders.ts";
import { withWholeNumbers } from "./_whole_numbers.ts";

/** Mends the text of every shader that a device compiles. */
export class ShaderTexts {
  #isWhole = false;

  /** Mends what `device` compiles from now on. */
  constructor(device: GPUDevice) {
    const compile = device.createShaderModule.bind(device);
    device.createShaderModule = (given) => {
      const code = mendTopK(mendPooling(mendIndexing(given.code)));
      return compile({
        ...given,
        code: this.#isWhole ? withWholeNumbers(code) : mendArithmetic(code),
      });
    };
  }

  /** Has what `run` compiles compute with whole numbers in the place of floats. */
  ofWholeNumbers<T>(run: () => T): T {
    this.#isWhole = true;
    try {
      return run();
    } finally {
      this.#isWhole = false;
    }
  }
}
