import { type Exportable, scheduleOf, toPython } from "./_python.ts";
import { jaxImport, mathImport, plainDefinitions } from "./_python_names.ts";
import { describe } from "./description.ts";
import { nativeScheduler, nativeSource } from "./_pytorch_native.ts";

export type { Exportable };

const TITLE = '"""A learning-rate schedule, exported from @clr/clr."""';

function head(...imports: string[]): string {
  return [TITLE, ...imports].join("\n\n");
}

function join(...parts: (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join("\n\n\n") + "\n";
}

/**
 * Python source of a PyTorch scheduler that follows `exported`, rate and
 * momentum. It defines `Scheduler(optimizer)`, whose `step()` is called after
 * every batch. A group of parameters that was given a rate of its own goes on at
 * the same ratio to the optimizer's: at twice the schedule's rate, say.
 *
 * `Scheduler` is PyTorch's own `CyclicLR`, `OneCycleLR`,
 * `CosineAnnealingWarmRestarts`, `StepLR` or `ExponentialLR` where that has the
 * same numbers but for rounding, within 1e-9 of the highest rate over 20,000
 * iterations. For all else it is a `LambdaLR` of `learning_rate(t)`, and
 * `momentum(t)` if there is one, to the last digits of a double: cycles that grow,
 * end, are halved more than a thousand times in a million iterations or have a
 * momentum (which only late versions of PyTorch's `CyclicLR` set
 * for Adam), restarts to a `minLr` above 0, and what has come to a later
 * iteration than 0.
 *
 * @example
 * ```ts
 * import { cyclic, toPyTorch } from "@clr/clr/schedules";
 *
 * console.log(toPyTorch(cyclic({ stepSize: 500, mode: "triangular2" })));
 * ```
 *
 * @param exported A schedule, or a scheduler such as a `CyclicLR`, whose
 * `Scheduler` then goes on at the iteration it has come to.
 * @returns A Python module.
 * @throws {TypeError} If the schedule holds a function of one's own, or only
 * some stages of a sequence have a momentum.
 */
export function toPyTorch(exported: Exportable): string {
  const native = nativeOf(exported);
  if (native !== undefined) {
    return join(
      head(`from torch.optim.lr_scheduler import ${native.name}`),
      nativeSource(native),
    );
  }
  const { rate, momentum, iteration } = toPython(exported);
  const setMomentum = momentum === undefined ? "" : `
    def get_lr(self):
        value = momentum(self.last_epoch)
        for group in self.optimizer.param_groups:
            if "betas" in group:
                group["betas"] = (value, *group["betas"][1:])
            else:
                group["momentum"] = value
        return super().get_lr()
`;
  return join(
    head(
      ...mathImport(`${rate}${momentum}`),
      "from torch.optim.lr_scheduler import LambdaLR",
    ),
    ...plainDefinitions(`${rate}${momentum}`),
    rate,
    momentum,
    `class Scheduler(LambdaLR):
    """Call step() after every batch."""

    def __init__(self, optimizer, last_epoch=${iteration - 1}):
        for group in optimizer.param_groups:
            # A group with a rate of its own keeps its ratio to the optimizer's.
            usual = optimizer.defaults["lr"] or 1.0
            group["initial_lr"] = group.setdefault("lr_ratio", group["lr"] / usual)
        super().__init__(optimizer, learning_rate, last_epoch)
${setMomentum}`.trimEnd(),
  );
}

/** PyTorch's own scheduler of a schedule, unless it is to begin later on. */
function nativeOf(exported: Exportable) {
  const { schedule, iteration } = scheduleOf(exported);
  return iteration === 0 ? nativeScheduler(describe(schedule)) : undefined;
}

/**
 * Python source of a Keras callback that follows `exported`, to the last digits
 * of a double. It defines `learning_rate(t)` and `Scheduler()`, which goes into
 * `callbacks` of `fit`.
 *
 * @example
 * ```ts
 * import { cyclic, toKeras } from "@clr/clr/schedules";
 *
 * console.log(toKeras(cyclic({ stepSize: 500, mode: "triangular2" })));
 * ```
 *
 * @param exported A schedule, or a scheduler such as a `CyclicLR`, whose
 * `Scheduler` then goes on at the iteration it has come to.
 * @returns A Python module.
 * @throws {TypeError} If the schedule holds a function of one's own, or has a
 * momentum: Keras compiles that into the training step, where no callback can
 * change it.
 */
export function toKeras(exported: Exportable): string {
  const { rate, momentum, iteration } = toPython(exported);
  if (momentum !== undefined) {
    throw new TypeError(
      "Cannot export a schedule to Keras as it must have no momentum, which Keras compiles into the training step: current value is a schedule with momentum",
    );
  }
  return join(
    head(...mathImport(rate), "import keras"),
    ...plainDefinitions(rate),
    rate,
    `class Scheduler(keras.callbacks.Callback):
    """Goes into the callbacks of fit()."""

    def __init__(self, iteration=${iteration}):
        super().__init__()
        self.iteration = iteration

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = learning_rate(self.iteration)

    def on_train_batch_end(self, batch, logs=None):
        self.iteration += 1`,
  );
}

/**
 * Python source of an optax schedule that follows `exported`, in float32, as JAX
 * computes by default. It defines `learning_rate(count)` for any optimizer of
 * optax, and `momentum(count)` if there is one, for `optax.inject_hyperparams`.
 *
 * @example
 * ```ts
 * import { cyclic, toOptax } from "@clr/clr/schedules";
 *
 * console.log(toOptax(cyclic({ stepSize: 500, mode: "triangular2" })));
 * ```
 *
 * @param exported A schedule, or a scheduler such as a `CyclicLR`, whose
 * functions then go on at the iteration it has come to.
 * @returns A Python module.
 * @throws {TypeError} If the schedule holds a function of one's own, or only
 * some stages of a sequence have a momentum.
 */
export function toOptax(exported: Exportable): string {
  const { rate, momentum, iteration } = toPython(exported);
  const goOn = (name: string) =>
    iteration === 0 ? [] : [
      `_${name} = ${name}`,
      `def ${name}(count):
    return _${name}(count + ${iteration})`,
    ];
  return join(
    head(
      ...jaxImport(`${rate}${momentum}`),
      `# import optax\n# optimizer = ${
        momentum === undefined
          ? "optax.sgd(learning_rate)"
          : "optax.inject_hyperparams(optax.sgd)(learning_rate, momentum)"
      }`,
    ),
    rate,
    ...goOn("learning_rate"),
    momentum,
    ...(momentum === undefined ? [] : goOn("momentum")),
  );
}
