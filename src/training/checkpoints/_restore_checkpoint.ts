import { checkSubject } from "./_check_subject.ts";
import {
  checkModel as checkLayersModel,
  checkStateless,
} from "../../tfjs/check_model.ts";
import * as tf from "@tensorflow/tfjs";
import { averagesFor, type RestoreAverages } from "./_checkpoint_averages.ts";
import { weightKey, type WholeContent } from "./_checkpoint_format.ts";
import { snapshotsFor } from "./_checkpoint_snapshots.ts";
import {
  describeFrozen,
  matchWeights,
  type WeightMatch,
} from "../weights/match_weights.ts";
import type { TensorDtype } from "./_safetensors.ts";
import { noteRestored } from "./_checkpoint_owner.ts";
import { noteHistory } from "./_write_checkpoint.ts";
import type {
  Checkpoint,
  CheckpointSubject,
  DamagedCheckpoint,
  RestoreOptions,
} from "./checkpoint_content.ts";
import { CheckpointError } from "./checkpoint_error.ts";
import type { LearningRateScheduler } from "../schedulers/learning_rate_scheduler.ts";
import { checkOptions, flag, show } from "../../runtime/check_data.ts";
import {
  faultOfFields,
  moveSlots,
  type OptimizerFields,
  renameSlots,
  restoreOptimizer,
} from "../../tfjs/optimizer_state.ts";
import { claimSlots } from "../../tfjs/slots.ts";
import {
  type LayerWeight,
  trainedWeights,
  variableOf,
} from "../../tfjs/trained_weights.ts";
import type { LayersModel, Tensor } from "../../tfjs/types.ts";
import { errorMessage } from "../../runtime/error_message.ts";
import { checkNames } from "../../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    optimizer: 0,
  } satisfies Record<keyof RestoreOptions, 0>,
);

const DTYPES: Partial<Record<TensorDtype, "float32" | "int32" | "bool">> = {
  F32: "float32",
  I32: "int32",
  BOOL: "bool",
};

/** Throws unless the whole state of `model` can be saved and restored. */
export function checkModel(model: LayersModel, action: string): void {
  checkLayersModel(action, model);
  if (model.optimizer === undefined) {
    throw new TypeError(
      `Cannot ${action} as the model must be compiled: call model.compile first`,
    );
  }
  checkStateless(action, model);
}

/** What an optimizer is given back. */
interface OptimizerState {
  readonly fields: OptimizerFields;
  /** The weights that its slots are of, in their order. */
  readonly weights: readonly LayerWeight[];
}

/** A checkpoint that was read and found whole. */
export class WholeCheckpoint implements Checkpoint {
  readonly path: string;
  readonly #folder: string;
  readonly #newest: number;
  readonly #content: WholeContent;

  /**
   * @param place Its path, its folder's without links, and the newest number
   * there, which may be of a damaged one.
   */
  constructor(
    { path, folder, newest }: {
      readonly path: string;
      readonly folder: string;
      readonly newest: number;
    },
    readonly damaged: readonly DamagedCheckpoint[],
    content: WholeContent,
  ) {
    this.path = path;
    this.#folder = folder;
    this.#newest = newest;
    this.#content = content;
  }

  get iteration(): number {
    return this.#content.scheduler?.totalIterations ?? 0;
  }

  get data(): unknown {
    return this.#content.data;
  }

  restore(subject: CheckpointSubject, options: RestoreOptions = {}): void {
    checkSubject("restore a checkpoint", subject);
    checkNames("restore a checkpoint", options, NAMES);
    checkOptions("restore a checkpoint", options, { optimizer: flag });
    const { model, scheduler } = subject;
    checkModel(model, "restore a checkpoint");
    const match = this.#match(model);
    const optimizer = options.optimizer === false
      ? undefined
      : this.#optimizerFor(model, match);
    const averages = this.#averagesFor(subject, match);
    if (scheduler) this.#restoreSchedule(scheduler);
    tf.tidy(() => {
      match.weights.forEach((weight, i) =>
        variableOf(weight).assign(
          this.#tensor(this.#key(match.from[i])),
        )
      );
      if (optimizer) {
        const { fields, weights } = optimizer;
        restoreOptimizer(model.optimizer, fields, (name) => this.#tensor(name));
        claimSlots(model, weights);
      }
      for (const restore of averages) restore((name) => this.#tensor(name));
    });
    noteRestored(this.#folder, model, {
      newest: this.#newest,
      // A next phase, with an optimizer of its own, has its own of all else.
      left: optimizer === undefined ? [] : this.#partsBeside(subject),
    });
  }

  /** The parts that were saved and `subject` is without. */
  #partsBeside(subject: CheckpointSubject): string[] {
    const parts = ["scheduler", "averages", "snapshots"] as const;
    return parts.filter((part) =>
      this.#content[part] !== undefined && subject[part] === undefined
    );
  }

  #refuse(why: string): never {
    throw new CheckpointError(`Cannot restore ${this.path} as ${why}`);
  }

  #key(index: number): string {
    return weightKey(index, this.#content.weights[index]);
  }

  /** Where each weight goes, after all shapes were compared. */
  #match(model: LayersModel): WeightMatch {
    const { weights: names, frozen, tensors } = this.#content;
    const saved = { names, frozen };
    const match = matchWeights(model, saved);
    if (typeof match === "string") {
      this.#refuse(
        `the model must have the weights that were saved: ${match}`,
      );
    }
    match.weights.forEach((weight, i) => {
      const { shape, dtype } = tensors.get(this.#key(match.from[i]))!;
      const name = names[match.from[i]];
      if (!tf.util.arraysEqual([...shape], weight.shape as number[])) {
        this.#refuse(
          `${name} must have shape [${shape}]: current value is [${weight.shape}]${
            describeFrozen(model, saved)
          }`,
        );
      }
      if (DTYPES[dtype] !== weight.dtype) {
        this.#refuse(
          `${name} must be of ${
            DTYPES[dtype] ?? dtype
          }: current value is ${weight.dtype}`,
        );
      }
    });
    return match;
  }

  /** The optimizer's state as it fits the weights that the model trains. */
  #optimizerFor(model: LayersModel, match: WeightMatch): OptimizerState {
    const { optimizer, trained, tensors } = this.#content;
    const className = model.optimizer.getClassName();
    if (className !== optimizer.className) {
      this.#refuse(
        `the optimizer must be ${optimizer.className}: current value is ${className}`,
      );
    }
    const slotOf = (weight: LayerWeight) =>
      trained.indexOf(match.from[match.weights.indexOf(weight)]);
    // Those of weights that are frozen now are kept behind, as fit keeps them.
    const trains = trainedWeights(model);
    const frozen = match.weights
      .filter((weight) => slotOf(weight) >= 0 && !trains.includes(weight))
      .sort((a, b) => slotOf(a) - slotOf(b));
    const now = [...trains, ...frozen];
    const order = now.map(slotOf).map((slot) => slot < 0 ? undefined : slot);
    const fields = moveSlots(
      renameSlots(optimizer.fields, this.#variableNames(match)),
      order,
    );
    const fault = faultOfFields(model.optimizer, fields, {
      tensor: (name) => {
        const saved = tensors.get(name);
        return saved && { dtype: DTYPES[saved.dtype], shape: saved.shape };
      },
      slotShapes: now.map(({ shape }) => shape as number[]),
    });
    if (fault) {
      this.#refuse(
        `${fault.path} of the optimizer must ${fault.must}: current value is ${
          show(fault.value)
        }`,
      );
    }
    return { fields, weights: now };
  }

  /** The names of the variables now, by those that they had. */
  #variableNames({ weights, from }: WeightMatch): ReadonlyMap<string, string> {
    const { variables = [] } = this.#content;
    return new Map(
      weights.flatMap((weight, i) => {
        const saved = variables[from[i]];
        return saved === undefined ? [] : [[saved, variableOf(weight).name]];
      }),
    );
  }

  /** What gives the subject its averages and snapshots back. */
  #averagesFor(
    subject: CheckpointSubject,
    match: WeightMatch,
  ): RestoreAverages[] {
    const { weights: names, averages, snapshots } = this.#content;
    const places = { ...match, names, folder: this.#folder };
    return [
      averagesFor(subject, averages, places),
      snapshotsFor(subject, snapshots, places),
    ].map((restore) =>
      typeof restore === "string" ? this.#refuse(restore) : restore
    );
  }

  #restoreSchedule(scheduler: LearningRateScheduler): void {
    const { scheduler: state, histories, history } = this.#content;
    if (!state || !histories) {
      this.#refuse("it must hold a schedule: it was saved without");
    }
    try {
      scheduler.restore({ ...state, ...histories });
    } catch (cause) {
      throw new CheckpointError(
        `Cannot restore ${this.path} as its schedule must fit: ${
          errorMessage(cause)
        }`,
        { cause },
      );
    }
    if (history) noteHistory(this.#folder, scheduler, history);
  }

  #tensor(name: string): Tensor {
    const { dtype, shape, data } = this.#content.tensors.get(name)!;
    // A copy, as tfjs may keep the array it is given and a restore may follow.
    return tf.tensor(data.slice(), [...shape], DTYPES[dtype]);
  }
}
