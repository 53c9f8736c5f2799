import { seededRandom } from "../runtime/random.ts";
import type { BatchSource } from "./_batch_source.ts";
import { batchSource } from "./_batches.ts";
import { ReplayedBatches } from "./_replayed_batches.ts";
import { isTensorPair } from "./_tensor_tree.ts";
import type { TrainingData } from "./data.ts";

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
