import * as tf from "@tensorflow/tfjs";

interface TapeNode {
  readonly saved: readonly tf.Tensor[];
}

interface RecordingEngine {
  readonly state: {
    readonly gradientDepth: number;
    activeTape: TapeNode[] | null;
  };
  gradients(...given: unknown[]): tf.TensorContainer;
}

let mended = false;

/**
 * Lets a gradient that throws, as of words that an embedding has not, release what
 * it recorded: tfjs (4.22) keeps all that it saved on the way. Once, for all
 * backends.
 */
export function mendFailedGradients(): void {
  if (mended) return;
  mended = true;
  const engine = tf.engine() as unknown as RecordingEngine;
  const compute = engine.gradients.bind(engine);
  engine.gradients = (...given) => {
    try {
      // The value, too, which the engine has when a gradient of it fails.
      return tf.tidy(() => compute(...given));
    } catch (error) {
      const { state } = engine;
      if (state.gradientDepth === 0) {
        tf.dispose(state.activeTape?.map(({ saved }) => [...saved]) ?? []);
        state.activeTape = null;
      }
      throw error;
    }
  };
}
