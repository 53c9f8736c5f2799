/**
 * Runs tfjs-core's own tests, which its npm package ships, on one backend.
 * Started as a program with a backend's name, it prints one JSON line: what
 * became of every spec. See sweep_wasm.ts.
 */

import * as tf from "@tensorflow/tfjs";
import jasmineRequire from "jasmine-core";
import { createRequire } from "node:module";
import { dirname, join, normalize, relative } from "@std/path";
import process from "node:process";
import { selectBackend } from "@clr/clr/backends";

/** What became of the specs of tfjs-core on one backend. */
export interface CoreTestRun {
  /** The test files that were run. */
  readonly files: string[];
  /** The test files that were not run, with the reason. */
  readonly skipped: Record<string, string>;
  /** By full name: `"passed"`, or why it failed. */
  readonly specs: Record<string, string>;
}

type Names = Record<string, unknown>;

function coreFolder(): string {
  const { cache } = createRequire(process.execPath);
  const main = Object.keys(cache).find((file) =>
    /tfjs-core.dist.tf-core\.node\.js$|tfjs-core.[\d.]+.dist.tf-core\.node\.js$/
      .test(file)
  );
  if (!main) throw new Error("tfjs-core is not among the loaded modules");
  return dirname(main);
}

async function* testFiles(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* testFiles(path);
    else if (entry.name.endsWith("_test.js")) yield path;
  }
}

interface TestEnvironment {
  readonly name: string;
  readonly backendName: string;
  readonly isDataSync: boolean;
}

/** tfjs-core's `jasmine_util`, for the one backend that runs. */
function jasmineUtil(
  jasmine: Names,
  environment: TestEnvironment,
  described: (name: string) => string,
): Names {
  type Constraints = {
    predicate?: (environment: TestEnvironment) => boolean;
    flags?: Record<string, unknown>;
  };
  const call = (name: string, ...args: unknown[]) =>
    (jasmine[name] as (...args: unknown[]) => void)(...args);
  return {
    ALL_ENVS: {},
    SYNC_BACKEND_ENVS: { predicate: () => true },
    NODE_ENVS: { predicate: () => true },
    BROWSER_ENVS: { predicate: () => false },
    CHROME_ENVS: { predicate: () => false },
    HAS_WORKER: { predicate: () => false },
    HAS_NODE_WORKER: { predicate: () => false },
    TEST_ENVS: [environment],
    describeWithFlags(
      name: string,
      { predicate, flags }: Constraints,
      tests: (environment: TestEnvironment) => void,
    ) {
      if (predicate && !predicate(environment)) return;
      const env = tf.env();
      if (
        flags && Object.entries(flags).some(([k, v]) => env.get(k) !== v)
      ) {
        return;
      }
      call("describe", described(name), () => {
        call("beforeAll", () => tf.setBackend(environment.backendName));
        call("beforeEach", () => tf.engine().startScope());
        call("afterEach", () => {
          tf.engine().endScope();
          tf.disposeVariables();
        });
        tests(environment);
      });
    },
  };
}

const library = tf as unknown as Names;

/** Looks a name up wherever tfjs-core makes it public. */
function publicName(name: string): unknown {
  if (name === "ENGINE") return tf.engine();
  const places = [
    library,
    ...["util", "test_util", "backend_util", "tensor_util", "slice_util"]
      .map((place) => library[place] as Names),
  ];
  const value = places.find((place) => place && name in place)?.[name];
  if (value === undefined) throw new Error(`it needs tfjs's internal ${name}`);
  return value;
}

/** Evaluates a test file, and the test files that it imports. */
function evaluate(
  file: string,
  globals: Names,
  util: Names,
): Names {
  const source = Deno.readTextFileSync(file);
  const scope: Names = { ...globals };
  const bind = (names: string, from: string) => {
    if (names.startsWith("* as ")) {
      const name = names.slice(5);
      if (!/(^|\/)(index|\.\.)$/.test(from) && !(name in library)) {
        throw new Error(`it needs tfjs's internal ${name}`);
      }
      scope[name] = /(^|\/)(index|\.\.)$/.test(from) ? library : library[name];
      return;
    }
    const imported = from.endsWith("jasmine_util")
      ? util
      : from.endsWith("_test")
      ? evaluate(normalize(join(dirname(file), `${from}.js`)), globals, util)
      : undefined;
    for (const part of names.replace(/[{}]/g, "").split(",")) {
      const [name, alias = name] = part.trim().split(" as ");
      scope[alias] = imported ? imported[name] : publicName(name);
    }
  };
  const exported: string[] = [];
  const body = source
    .replace(
      /^import\s+(.+?)\s+from\s+'(.+?)';$/gm,
      (_, names: string, from: string) => (bind(names, from), ""),
    )
    .replace(
      /^export (async function|function|const|let)\s+(\w+)/gm,
      (_, kind, name) => (exported.push(name), `${kind} ${name}`),
    );
  return new Function(
    ...Object.keys(scope),
    `${body}\nreturn { ${exported.join(", ")} };`,
  )(...Object.values(scope));
}

async function run(
  backend: string,
  trained: boolean,
): Promise<CoreTestRun> {
  if (trained) await selectBackend({ backend: backend as "wasm" });
  else if (backend === "wasm") await import("@tensorflow/tfjs-backend-wasm");
  tf.env().set("IS_TEST", true);
  await tf.setBackend(backend);
  const jasmine = jasmineRequire.core(jasmineRequire);
  const environment = jasmine.getEnv({ suppressLoadErrors: true });
  environment.configure({ random: false });
  const globals: Names = {
    ...jasmineRequire.interface(jasmine, environment),
    jasmine,
  };
  let current = "";
  let described = 0;
  const util = jasmineUtil(
    globals,
    { name: backend, backendName: backend, isDataSync: true },
    (name) => (described++, `${current}: ${name}:`),
  );
  const folder = coreFolder();
  const chosen = /^(ops|optimizers)\/|^(gradients|tensor|variable)_test/;
  const files: string[] = [];
  const skipped: Record<string, string> = {};
  const all = (await Array.fromAsync(testFiles(folder)))
    .map((file) => relative(folder, file))
    .filter((file) => chosen.test(file))
    .sort();
  for (const file of all) {
    current = file;
    described = 0;
    try {
      evaluate(join(folder, file), globals, util);
      if (described > 0) files.push(file);
      else skipped[file] = "it has no spec for this environment";
    } catch (error) {
      skipped[file] = (error as Error).message;
    }
  }
  const specs: Record<string, string> = {};
  environment.addReporter({
    specDone(
      result: {
        fullName: string;
        status: string;
        failedExpectations: { message: string }[];
      },
    ) {
      if (result.status === "excluded" || result.status === "pending") return;
      const [first] = result.failedExpectations;
      specs[result.fullName] = result.status === "passed"
        ? "passed"
        : first?.message ?? result.status;
    },
  });
  await environment.execute();
  return { files, skipped, specs };
}

if (import.meta.main) {
  const [backend, kernels] = Deno.args;
  const result = await run(backend, kernels === "with-kernels");
  console.log(JSON.stringify(result));
  Deno.exit(0);
}
