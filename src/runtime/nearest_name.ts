import { checkData, listOf, record, text } from "./check_data.ts";

/**
 * What PyTorch, Keras, optax and fast.ai call options that have another name
 * here: the first of each list that there is, is meant.
 */
const NAMES_ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  annealstrategy: ["anneal"],
  b1: ["beta1"],
  b2: ["beta2"],
  baselearningrate: ["baseLr"],
  basemomentum: ["momentum"],
  beta: ["decay"],
  boundaries: ["points"],
  cyclelen: ["cycleSize"],
  cyclemomentum: ["momentum"],
  decayrate: ["factor"],
  decaysteps: ["iterations"],
  div: ["divFactor"],
  divfinal: ["finalDivFactor"],
  endlearningrate: ["endLr"],
  endvalue: ["endLr"],
  epochs: ["iterations"],
  eps: ["epsilon"],
  etamax: ["maxLr", "startLr"],
  etamin: ["minLr", "endLr"],
  everyntrainsteps: ["every"],
  finallr: ["endLr"],
  frequency: ["every"],
  gamma: ["factor", "decayRate"],
  initiallearningrate: ["startLr", "maxLr"],
  initiallr: ["startLr", "maxLr"],
  initvalue: ["startLr", "maxLr"],
  k: ["topK"],
  lambda: ["weightDecay"],
  learningrate: ["startLr", "maxLr", "lr"],
  lr: ["startLr", "maxLr", "lr"],
  lrmax: ["maxLr", "startLr"],
  mask: ["exclude"],
  maximallearningrate: ["maxLr"],
  maxlearningrate: ["maxLr"],
  maxlr: ["endLr", "startLr"],
  maxmomentum: ["momentum"],
  maxsteps: ["iterations"],
  maxtokeep: ["keep"],
  milestones: ["points"],
  mindelta: ["threshold"],
  minlr: ["baseLr", "startLr", "endLr"],
  moms: ["momentum"],
  ncycles: ["cycles"],
  nesterov: ["useNesterov"],
  niter: ["iterations"],
  numcycles: ["cycles"],
  numit: ["iterations"],
  numsteps: ["iterations"],
  numtraining: ["iterations"],
  peaklr: ["maxLr"],
  peakvalue: ["maxLr"],
  saveeverynsteps: ["every"],
  savefreq: ["every"],
  savetopk: ["keep"],
  savetotallimit: ["keep"],
  steps: ["iterations"],
  stepsizeup: ["stepSize"],
  stepsperepoch: ["batchesPerEpoch"],
  t0: ["cycleSize"],
  targetnames: ["classNames"],
  tmax: ["iterations"],
  tmult: ["cycleFactor"],
  totaliters: ["iterations"],
  totalsteps: ["iterations"],
  transitionsteps: ["iterations"],
  warmupsteps: ["warmupIterations", "iterations"],
  wd: ["weightDecay"],
};

/** How many edits a name may be from the one that was meant. */
const MOST_EDITS = 2;

/** Of how many letters on the beginning of a name is taken for it. */
const LEAST_BEGINNING = 3;

/** Edits (insertions, deletions, substitutions) from one text to another. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1;
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + same));
    }
    row = next;
  }
  return row[to.length];
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/**
 * The name that was probably meant: the same but for case and punctuation, else
 * what another library calls so, else the nearest within two edits.
 */
export function nearestName(
  name: string,
  names: readonly string[],
): string | undefined {
  const meant = plain(name);
  if (names.includes(name)) return name;
  const same = names.find((candidate) => plain(candidate) === meant);
  const here = Object.hasOwn(NAMES_ELSEWHERE, meant)
    ? NAMES_ELSEWHERE[meant].find((candidate) => names.includes(candidate))
    : undefined;
  if (same !== undefined || here !== undefined) return same ?? here;
  let nearest: string | undefined;
  let least = Math.min(MOST_EDITS, Math.floor(meant.length / 2)) + 1;
  for (const candidate of names) {
    const edits = editDistance(meant, plain(candidate));
    if (edits < least) [nearest, least] = [candidate, edits];
  }
  return nearest;
}

/**
 * The name that was probably meant by one that is none of `names`: the same but
 * for case and punctuation, else the nearest within two edits, else the first
 * that begins with it.
 *
 * @param name What was written.
 * @param names What there is.
 * @returns One of `names`, or undefined where none is near.
 * @throws {TypeError} If one of them is no text.
 *
 * @example
 * ```ts
 * import { meantName } from "@clr/clr/command";
 *
 * meantName("epoch", ["batch-size", "epochs"]); // "epochs"
 * meantName("batch", ["batch-size", "epochs"]); // "batch-size"
 * meantName("momentum", ["batch-size", "epochs"]); // undefined
 * ```
 */
export function meantName(
  name: string,
  names: readonly string[],
): string | undefined {
  checkData(
    "find the name that was meant",
    { name, names },
    record({ name: text, names: listOf(text) }),
  );
  const nearest = nearestName(name, names);
  const beginning = plain(name);
  if (nearest !== undefined || beginning.length < LEAST_BEGINNING) {
    return nearest;
  }
  return names.find((candidate) => plain(candidate).startsWith(beginning));
}

/** `; did you mean "triangular2"?`, or nothing where no name is near. */
export function suggestion(name: string, names: readonly string[]): string {
  const meant = meantName(name, names);
  return meant === undefined ? "" : `; did you mean "${meant}"?`;
}
