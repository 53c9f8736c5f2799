/** What a training run will do, in numbers. */
export interface Plan {
  readonly images: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly batchesPerEpoch: number;
  readonly iterations: number;
  /** Iterations from one trough of the rate to the next, where it has cycles. */
  readonly cycleLength?: number;
  readonly cycles?: number;
  /** Whether the last batch is the last of a cycle. */
  readonly endsWithCycle?: boolean;
  /** The nearest numbers of epochs that end with a cycle, if any is near. */
  readonly epochsEndingWithCycle: readonly number[];
}

/** Numbers of epochs that are looked at on each side of the one asked for. */
const LOOKED_AT = 10_000;

/** Works out iterations and cycles. The paper: training should end with a cycle. */
export function makePlan(
  { images, batchSize, epochs, cycleLength }: Pick<
    Plan,
    "images" | "batchSize" | "epochs" | "cycleLength"
  >,
): Plan {
  const batchesPerEpoch = Math.ceil(images / batchSize);
  const iterations = epochs * batchesPerEpoch;
  const plan = { images, batchSize, epochs, batchesPerEpoch, iterations };
  if (cycleLength === undefined) return { ...plan, epochsEndingWithCycle: [] };
  const ends = (n: number) => (n * batchesPerEpoch) % cycleLength === 0;
  const near = (from: number, step: 1 | -1, end: number) => {
    for (let i = 0, n = from; i < LOOKED_AT && n !== end; i++, n += step) {
      if (ends(n)) return n;
    }
  };
  const below = near(epochs - 1, -1, 0);
  // Beyond twice the epochs asked for, a suggestion is no help.
  const above = near(epochs + 1, 1, 2 * epochs + 1);
  return {
    ...plan,
    cycleLength,
    cycles: iterations / cycleLength,
    endsWithCycle: ends(epochs),
    epochsEndingWithCycle: [below, above].filter((n) => n !== undefined),
  };
}

/** How many cycles there are, and how training and its last one end. */
export function describeCycles(plan: Plan): string | undefined {
  const { cycles, cycleLength } = plan;
  if (cycles === undefined || cycleLength === undefined) return undefined;
  const count = Number(cycles.toFixed(2));
  return `${count}; training ${describeEnd(plan, cycleLength)}`;
}

function describeEnd(plan: Plan, cycleLength: number): string {
  if (plan.endsWithCycle) return "ends at the end of a cycle";
  const left = cycleLength - plan.iterations % cycleLength;
  const suggestion = plan.epochsEndingWithCycle.length > 0
    ? `--epochs ${plan.epochsEndingWithCycle.join(" or ")} would`
    : `--step-size ${plan.batchesPerEpoch} (one epoch) and an even number of epochs would`;
  return `ends ${left} iterations before the end of a cycle; ${suggestion} end with one`;
}

/** A duration for people: "45 s", "2 min 5 s", "3 h 10 min". */
export function formatDuration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) {
    return s % 60 ? `${minutes} min ${s % 60} s` : `${minutes} min`;
  }
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
