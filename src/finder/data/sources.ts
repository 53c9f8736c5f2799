import { seededRandom } from "../../runtime/random.ts";
import type { BatchSource } from "./batch_source.ts";
import { batchSource } from "./batches.ts";
import { ReplayedBatches } from "./replayed_batches.ts";
import { isTensorPair } from "./tensor_tree.ts";
import type { TrainingData } from "./training_data.ts";

/** The data, from the first batch on as often as that is asked for. */
export interface Sources extends AsyncDisposable {
  /** The same batches as any time before. */
  first(): BatchSource;
}

/** Opens the data. */
export function sourcesOf<Batch>(
  data: TrainingData<Batch>,
  options: {
    readonly batchSize: number;
    readonly seed: number;
    readonly signal: AbortSignal | undefined;
    /** Whether they are asked for more than once. */
    readonly isReplayed: boolean;
  },
): Sources {
  const { batchSize, seed, signal, isReplayed } = options;
  const open = () => {
    const random = seededRandom(seed);
    return batchSource(data, { batchSize, random, name: "data", signal });
  };
  const source = open();
  if (isTensorPair(data) || !isReplayed) {
    return {
      first: isReplayed ? open : () => source,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const replayed = new ReplayedBatches(source);
  return {
    first() {
      replayed.rewind();
      return replayed;
    },
    [Symbol.asyncDispose]: () => replayed[Symbol.asyncDispose](),
  };
}
