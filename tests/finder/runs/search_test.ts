import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { MeasuredRun } from "../../../src/finder/runs/range_test_run.ts";
import { searchRange } from "../../../src/finder/runs/search.ts";
import type { SearchSetup } from "../../../src/finder/runs/search_setup.ts";
import { DivergenceDetector } from "../../../src/finder/curves/divergence.ts";
import { seededRandom } from "../../../src/runtime/random.ts";

/** Curvatures of a bowl: steps of more than 2 / 4 diverge. */
const CURVATURES = [4, 1, 0.2];

/** Noisy gradient descent into a bowl, from (1, 1, 1), whatever came before. */
function bowl(seed = 1) {
  const random = seededRandom(seed);
  const runs: { rates: readonly number[]; trained: number }[] = [];
  const run: SearchSetup["run"] = (rates, { from }) => {
    const at = CURVATURES.map(() => 1);
    const losses: number[] = [];
    const references: number[] = [];
    const detector = new DivergenceDetector();
    const first = 0.5 * CURVATURES.reduce((a, b) => a + b, 0);
    let stopReason: MeasuredRun["stopReason"] = "end";
    for (const rate of rates) {
      const noise = 0.1 * (random() - 0.5);
      const loss = CURVATURES.reduce(
        (sum, c, k) => sum + c * at[k] ** 2 / 2,
        0,
      );
      if (!Number.isFinite(loss)) {
        stopReason = "non-finite";
        break;
      }
      losses.push(loss + noise);
      references.push(first + noise);
      CURVATURES.forEach((c, k) =>
        at[k] -= rate * (c * at[k] + 0.2 * (random() - 0.5))
      );
      if (
        from !== undefined && detector.add(loss + noise, first + noise)
      ) {
        stopReason = "diverged";
        break;
      }
    }
    const trained = losses.length;
    runs.push({ rates: [...rates], trained });
    return Promise.resolve({
      losses,
      references,
      metrics: {},
      stopReason,
      ...(from === undefined ? {} : { from }),
      trained,
      evaluated: trained,
    });
  };
  return { run, runs };
}

const SETUP = {
  startLr: 1e-5,
  endLr: 10,
  mayStartLower: true,
  mayEndHigher: true,
  pace: 10,
  maxBatches: 250,
};

Deno.test("searchRange() bounds a bowl below the rate at which it diverges", async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const { run } = bowl(seed);
    const { baseLr, maxLr, trials } = await searchRange({ ...SETUP, run });
    assert(baseLr! > 0.003 && baseLr! < 0.1, `${baseLr}`);
    assert(maxLr! > 0.03 && maxLr! < 0.5, `${maxLr}`);
    assertEquals(trials.map(({ losses }) => losses.length), [40, 40, 40]);
  }
});

Deno.test("searchRange() spends no more than it may", async () => {
  for (const maxBatches of [1, 9, 30, 60, 75, 90, 110, 130, 250]) {
    const { run, runs } = bowl();
    await searchRange({ ...SETUP, maxBatches, run });
    const spent = runs.reduce((sum, { trained }) => sum + trained, 0);
    assert(spent <= maxBatches, `${spent} of ${maxBatches}`);
  }
});

Deno.test("searchRange() tries no rate beyond those that it was given", async () => {
  for (const startLr of [1e-3, 0.02, 0.06]) {
    const endLr = 3;
    const { run, runs } = bowl();
    await searchRange({
      ...SETUP,
      startLr,
      endLr,
      mayStartLower: false,
      mayEndHigher: false,
      run,
    });
    assert(runs.length > 2, `${runs.length}`);
    for (const { rates } of runs) {
      assert(Math.min(...rates) >= startLr, `${rates}`);
      assert(Math.max(...rates) <= endLr, `${rates}`);
    }
  }
});

Deno.test("searchRange() extends the rates where none improves, or none is too high", async () => {
  for (const [startLr, endLr] of [[5, 50], [1e-5, 1e-2]]) {
    const { run } = bowl();
    const { maxLr } = await searchRange({ ...SETUP, startLr, endLr, run });
    assert(maxLr! > 0.03 && maxLr! < 0.5, `${maxLr}`);
  }
});

/** Whose short trainings gain so many improvements, one after the other. */
function gaining(gains: readonly (number | undefined)[]) {
  const { run } = bowl();
  const rates: number[] = [];
  const steps: number[] = [];
  return {
    rates,
    steps,
    run: async (
      ...[given, options]: Parameters<SearchSetup["run"]>
    ): ReturnType<SearchSetup["run"]> => {
      const measured = await run(given, options);
      if (options.from !== undefined) return measured;
      const gained = gains[rates.length];
      rates.push(given[0]);
      steps.push(given.length);
      const first = 0.5 * CURVATURES.reduce((a, b) => a + b, 0);
      return {
        ...measured,
        stopReason: gained === undefined ? "non-finite" : "end",
        losses: given.map(() => first - (gained ?? 0)),
        references: given.map(() => first),
        trained: given.length,
      };
    },
  };
}

Deno.test("searchRange() goes to where short trainings gain most, and not all of the way up", async () => {
  const maximum = async (...gains: readonly (number | undefined)[]) => {
    const { run, rates } = gaining(gains);
    const { maxLr } = await searchRange({ ...SETUP, run });
    const [middle, bold, cautious] = rates;
    assert(cautious < middle && middle < bold, `${rates}`);
    return Math.log(maxLr! / middle) / Math.log(bold / middle);
  };
  assertAlmostEquals(await maximum(1, 1, 1), 0, 0.06);
  assertAlmostEquals(await maximum(1, 1.9, 0), 0.5);
  assertAlmostEquals(await maximum(undefined, undefined, 1), -1);
  assertAlmostEquals(await maximum(undefined, 1, undefined), 0.5);
  const [worse, better] = [
    await maximum(1, 0.4, 0.7),
    await maximum(1, 1.4, 0.7),
  ];
  assert(-0.5 < worse && worse < 0 && 0 < better && better < 0.5);
});

Deno.test("searchRange() does not take for learning what only undoes bad first weights", async () => {
  const first = 0.5 * CURVATURES.reduce((a, b) => a + b, 0);
  /** The maximum, in trials from the middle, where the loss of chance is lower. */
  const maximum = async (
    gains: readonly (number | undefined)[],
    above?: number,
  ) => {
    const { run, rates } = gaining(gains);
    const { maxLr } = await searchRange({
      ...SETUP,
      run,
      ...(above !== undefined && {
        chance: (count) =>
          Promise.resolve(new Array<number>(count).fill(first - above)),
      }),
    });
    const [middle, bold] = rates;
    return {
      tried: rates.length,
      step: Math.log(maxLr! / middle) / Math.log(bold / middle),
    };
  };
  const unknown = await maximum([2, 2.2, 1.8]);
  assertEquals(unknown.tried, 3);
  // 0.2, 0.4 and nothing better than chance: one still bolder is tried.
  const known = await maximum([2, 2.2, 1.8, undefined], 1.8);
  assertEquals(known.tried, 4);
  assert(known.step > unknown.step + 0.2, `${known.step} ${unknown.step}`);
  // First weights that are no worse than chance, and trainings that do not pass it.
  assertEquals(await maximum([2, 2.2, 1.8], -1), unknown);
  assertEquals(await maximum([2, 2.2, 1.8], 3), unknown);
});

Deno.test("searchRange() tries bolder rates as long as these gain more", async () => {
  const { run, rates } = gaining([1, 3, 0.3, 9, 10]);
  const { maxLr } = await searchRange({ ...SETUP, run, maxBatches: 400 });
  assertEquals(rates.length, 5);
  assert(rates[4] > rates[3] && rates[3] > rates[1], `${rates}`);
  // Never at the boldest itself.
  assert(maxLr! > rates[1] && maxLr! <= rates[3] * 1.000001, `${maxLr}`);

  const { run: once, rates: three } = gaining([1, 3, 0.3, undefined]);
  const { maxLr: held } = await searchRange({ ...SETUP, run: once });
  assertEquals(three.length, 4);
  assert(held! > three[0] && held! < three[1], `${held} ${three}`);
});

Deno.test("searchRange() keeps batches for a long training where the first trial leaves it in doubt", async () => {
  const tried = async (doubtful: boolean, maxBatches: number) => {
    const { run, steps } = gaining([1, 1, 1]);
    let long = 0;
    await searchRange({
      ...SETUP,
      maxBatches,
      run,
      isInDoubt: () => Promise.resolve(doubtful),
      runLong: (_rate, steps) => {
        long = steps;
        return Promise.resolve(undefined);
      },
    });
    return { steps, long };
  };
  assertEquals((await tried(false, 250)).steps, [40, 40, 40]);
  const { steps, long } = await tried(true, 250);
  assertEquals(steps, [40, 20, 20]);
  assert(long >= 60, `${long}`);
  // Where there are few, the first one leaves some too.
  const few = await tried(true, 215);
  assert(few.steps[0] < 40 && few.long >= 60, `${few.steps} ${few.long}`);
});

Deno.test("searchRange() trains for long while it is in doubt", async () => {
  // The boldest gains more than others, and not so much that it decides.
  const bolder = () => gaining([1.5, 1.85, 1.5]).run;
  // Nothing that a longer one could train on.
  const short = await searchRange({
    ...SETUP,
    run: bolder(),
    runLong: () => Promise.resolve(undefined),
    isInDoubt: () => Promise.resolve(true),
  });
  const long: number[] = [];
  const runLong = async (rate: number, steps: number) => {
    long.push(rate);
    const unseen = new Array<number>(4).fill(rate);
    const rates = [...new Array<number>(steps).fill(rate), ...unseen];
    return { run: await bowl().run(rates, {}), baselines: [1, 2, 3, 4] };
  };
  // Learned by then: half of the way to the rate that held for long.
  const found = await searchRange({
    ...SETUP,
    run: bolder(),
    runLong,
    isInDoubt: () => Promise.resolve(long.length === 0),
  });
  assertEquals(long.length, 1);
  assert(long[0] > short.maxLr!, `${long} ${short.maxLr}`);
  assertAlmostEquals(found.maxLr!, Math.sqrt(short.maxLr! * long[0]), 1e-9);
  assertEquals(found.trials.at(-1)!.unseen?.length, 4);
  assertEquals(found.trials.at(-1)!.baselines, [1, 2, 3, 4]);

  // Not even then: the bounds stay.
  long.length = 0;
  const unsure = await searchRange({
    ...SETUP,
    run: bolder(),
    runLong,
    isInDoubt: () => Promise.resolve(true),
  });
  assertEquals(long.length, 1);
  assertEquals(unsure.maxLr, short.maxLr);

  // With more batches the maximum is tried out too.
  long.length = 0;
  await searchRange({
    ...SETUP,
    maxBatches: 500,
    run: bolder(),
    runLong,
    isInDoubt: () => Promise.resolve(true),
  });
  assertEquals(long.length, 3);
  assert(long[1] < long[0], `${long}`);
  // And, as nothing is learned there either, a bolder one than any.
  assert(long[2] > long[0], `${long}`);
});

Deno.test("searchRange() goes up where nothing is learned for long, to the rate that learns", async () => {
  const tried = async (
    learns: (rate: number) => boolean,
    breaks = Infinity,
  ) => {
    const { run } = gaining([1, 1, 1]);
    const long: number[] = [];
    const { maxLr, raised } = await searchRange({
      ...SETUP,
      maxBatches: 800,
      run,
      runLong: async (rate, steps) => {
        const measured = await bowl().run(
          new Array<number>(steps).fill(Math.min(rate, 0.1)),
          {},
        );
        long.push(rate);
        const stopReason = rate > breaks ? "non-finite" : "end";
        return { run: { ...measured, stopReason } };
      },
      isInDoubt: () => Promise.resolve(!long.some(learns)),
    });
    return { long, maxLr: maxLr!, raised };
  };
  const never = await tried(() => false);
  assertEquals(never.long.length, 4);
  assertEquals(never.long.toSorted((a, b) => a - b), never.long);
  assertEquals(never.maxLr, never.long[0]);

  const second = await tried((rate) => rate > never.long[0]);
  assertEquals(second.long.length, 2);
  assertEquals(second.maxLr, never.long[1]);
  assertAlmostEquals(
    second.raised!,
    Math.log10(never.long[1] / never.long[0]),
    1e-9,
  );
  assertEquals(never.raised, undefined);

  // Nothing follows above a rate that breaks.
  const broken = await tried(() => false, never.long[0] * 1.01);
  assertEquals(broken.long.length, 2);
  assertEquals(broken.maxLr, never.maxLr);
});

Deno.test("searchRange() goes down where the maximum breaks within a long training", async () => {
  const long: number[] = [];
  const search = async (breaks: number, isInDoubt: () => boolean) => {
    long.length = 0;
    const { run } = gaining([1, 1, 1]);
    return await searchRange({
      ...SETUP,
      maxBatches: 900,
      run,
      runLong: async (rate, steps) => {
        const measured = await bowl().run(
          new Array<number>(steps).fill(Math.min(rate, 0.1)),
          {},
        );
        const isBroken = long.push(rate) <= breaks;
        return {
          run: { ...measured, stopReason: isBroken ? "non-finite" : "end" },
        };
      },
      isInDoubt: () => Promise.resolve(isInDoubt()),
    });
  };
  for (const breaks of [1, 2]) {
    const { maxLr, baseLr, raised, trials } = await search(
      breaks,
      () => long.length <= breaks,
    );
    assertEquals(long.length, breaks + 1);
    assertEquals(long.toSorted((a, b) => b - a), long);
    for (let i = 0; i < breaks; i++) {
      const ratio = long[i] / long[i + 1];
      assert(ratio > 1.3 && ratio < 4, `${long}`);
    }
    assertEquals(maxLr, long.at(-1));
    assert(baseLr! <= maxLr! / 3 * (1 + 1e-9), `${baseLr}`);
    assertEquals(raised, 0);
    assertEquals(trials.at(-2)!.gained, undefined);
    assert(trials.at(-1)!.gained! > 0);
  }

  // Where the doubt remains, the maximum is what it was.
  const { maxLr } = await search(1, () => true);
  assertEquals(maxLr, long[0]);
  assert(long.length >= 2);
});

Deno.test("searchRange() takes a rise that is small beside the loss for no break", async () => {
  const tried = async (level: number) => {
    const { run } = gaining([1, -0.5, 1]);
    const long: number[] = [];
    const above = (losses: readonly number[]) => losses.map((x) => x + level);
    await searchRange({
      ...SETUP,
      maxBatches: 500,
      run: async (rates, options) => {
        const measured = await run(rates, options);
        return {
          ...measured,
          losses: above(measured.losses),
          references: above(measured.references!),
        };
      },
      runLong: async (rate, steps) => {
        long.push(rate);
        const rates = new Array<number>(steps).fill(0.01);
        return { run: await bowl().run(rates, {}) };
      },
      isInDoubt: () => Promise.resolve(true),
    });
    return long.length;
  };
  assertEquals(await tried(0), 1);
  assert(await tried(100) > 1);
});

Deno.test("searchRange() sweeps again where the first sweep shows nothing", async () => {
  const { run } = bowl();
  let sweeps = 0;
  const { baseLr, maxLr } = await searchRange({
    ...SETUP,
    run: async (rates, options) => {
      const measured = await run(rates, options);
      if (options.from === undefined || ++sweeps > 1) return measured;
      return { ...measured, losses: measured.references! };
    },
  });
  assert(baseLr! > 0.003 && maxLr! < 0.5, `${baseLr} ${maxLr}`);

  // And not where too few batches are left for all of it.
  for (const maxBatches of [60, 80, 250]) {
    const { run } = bowl();
    const lengths: number[] = [];
    const { isCut } = await searchRange({
      ...SETUP,
      maxBatches,
      run: async (rates, options) => {
        const measured = await run(rates, options);
        lengths.push(rates.length);
        return { ...measured, losses: measured.references! };
      },
    });
    assertEquals(lengths.length, maxBatches < 100 ? 1 : 2, `${lengths}`);
    assert(!isCut);
  }
});

Deno.test("searchRange() trains for long at the maximum first where a bold rate did no better", async () => {
  const { run } = bowl();
  const long: number[] = [];
  const { maxLr } = await searchRange({
    ...SETUP,
    // Of the short trials all come to the same.
    run: async (rates, options) => {
      const measured = await run(rates, options);
      return options.from === undefined
        ? { ...measured, losses: measured.losses.map(() => 1.3) }
        : measured;
    },
    runLong: async (rate, steps) => {
      long.push(rate);
      return { run: await run(new Array<number>(steps).fill(rate), {}) };
    },
    isInDoubt: () => Promise.resolve(long.length === 0),
  });
  assertEquals(long, [maxLr!]);
});
