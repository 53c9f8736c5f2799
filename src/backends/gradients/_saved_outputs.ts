/**
 * Second-order gradients through what a gradient saved of its own outputs.
 *
 * tfjs (4.22) copies what is saved before it notes the operation itself, so that
 * on its tape the copy of an output stands before the output: whatever is
 * differentiated a second time takes the copy for a constant. Gradients of tanh,
 * exp, softmax, pow and the like then miss a term, in silence.
 */

import * as tf from "@tensorflow/tfjs";

interface TapeNode {
  readonly inputs: tf.NamedTensorMap;
  readonly outputs: readonly tf.Tensor[];
}

interface RecordingEngine {
  readonly state: { readonly activeTape: TapeNode[] };
  addTapeNode(
    ...noted: [
      name: string,
      inputs: tf.NamedTensorMap,
      outputs: readonly tf.Tensor[],
      gradient: unknown,
      saved: readonly tf.Tensor[],
      attrs: unknown,
    ]
  ): void;
}

let ordered = false;

/** Notes an operation before the copies of its outputs, once for all backends. */
export function orderSavedOutputs(): void {
  if (ordered) return;
  ordered = true;
  const engine = tf.engine() as unknown as RecordingEngine;
  const add = engine.addTapeNode.bind(engine);
  engine.addTapeNode = (...noted) => {
    const [, , outputs, , saved] = noted;
    const { activeTape } = engine.state;
    // The copies are the last that was noted.
    let first = activeTape.length;
    while (first > 0 && saved.includes(activeTape[first - 1].outputs[0])) {
      first--;
    }
    const copies = activeTape.splice(first);
    const isOfOutput = ({ inputs: { x } }: TapeNode) => outputs.includes(x);
    activeTape.push(...copies.filter((copy) => !isOfOutput(copy)));
    add(...noted);
    activeTape.push(...copies.filter(isOfOutput));
  };
}
