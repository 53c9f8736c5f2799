/**
 * Checks the arrows of ARCHITECTURE.md over the module graph: which folder may
 * import which, and which room of a folder, that there are no circles, and that
 * examples use published names alone. Types count as well as values.
 *
 * ```sh
 * deno task ok:arrows
 * ```
 */

import { fromFileUrl, toFileUrl } from "@std/path";

const ROOT = new URL("../../", import.meta.url);

/** What stands below all else. */
const GROUND = ["runtime", "tfjs", "metrics"];

/** What the modules of a folder of `src` may import, beside the folder itself. */
const MAY_IMPORT: { readonly [folder: string]: readonly string[] } = {
  schedules: [],
  runtime: [],
  tfjs: ["runtime"],
  metrics: ["runtime", "tfjs"],
  training: ["schedules", ...GROUND],
  finder: ["schedules", "training", ...GROUND],
  devices: ["runtime"],
  backends: ["devices", ...GROUND],
  onnx: ["devices", ...GROUND],
  plots: ["schedules", "devices", ...GROUND],
  command: ["backends", "devices", "finder", "training", ...GROUND],
  find_lr: ["backends", "command", "finder", ...GROUND],
  init: ["runtime"],
};

/** Of what a folder may import types alone: it reads results, and makes none. */
const MAY_READ: { readonly [folder: string]: readonly string[] } = {
  plots: ["finder", "training"],
  command: ["plots"],
};

/**
 * The rooms of a folder that has some, from the ground up: what each may import
 * of the rooms beneath it. What lies in the folder itself stands above them all.
 */
export const ROOMS: {
  readonly [folder: string]: { readonly [room: string]: readonly string[] };
} = {
  training: {
    history: [],
    optimizers: [],
    weights: [],
    schedulers: ["history"],
    checkpoints: ["history", "weights", "schedulers"],
  },
  finder: {
    data: [],
    options: ["data"],
    trainees: ["data"],
    circumstances: ["data"],
    curves: ["options"],
    result: ["options", "curves"],
    verdict: ["options", "circumstances", "curves", "result"],
    words: ["options", "curves", "result"],
    runs: [
      "data",
      "options",
      "trainees",
      "circumstances",
      "curves",
      "result",
      "verdict",
    ],
  },
  plots: {
    look: [],
    series: ["look"],
    specs: ["look", "series"],
    page: ["look"],
    live: ["look", "series", "page"],
  },
};

/**
 * Single modules that a folder may take beside: schedules stand on nothing that
 * is not plain JavaScript, as these are.
 */
const MAY_TAKE: readonly (readonly [RegExp, RegExp])[] = [
  [
    /^src\/schedules\//,
    /^src\/runtime\/(check_data|check_names|nearest_name|records)\.ts$/,
  ],
];

/** What is loaded only where it is needed: importer, and what it then imports. */
const MAY_LOAD: readonly (readonly [RegExp, RegExp])[] = [
  // A result or a schedule that a notebook shows.
  [
    /^src\/(finder|training\/schedulers)\/_notebook\.ts$/,
    /^src\/plots\/specs\/mod\.ts$/,
  ],
  [/^src\/command\//, /^src\/plots\/mod\.ts$/],
];

/** An import of one module of the project by another. */
export interface Arrow {
  /** The importing module, from the root of the project. */
  readonly from: string;
  /** The imported one. */
  readonly to: string;
  /** Whether it is loaded by `import()` when that is reached. */
  readonly dynamic: boolean;
  /** Whether it takes types alone. */
  readonly typesOnly: boolean;
  /** What the import says, such as `"@clr/clr"`. */
  readonly specifier: string;
}

/** `src/finder/curves/bounds.ts`: `finder`; what lies in none: undefined. */
function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** `src/finder/curves/bounds.ts`: `curves`; what lies in no room: undefined. */
function roomOf(path: string): string | undefined {
  return /^src\/[^/]+\/([^/]+)\//.exec(path)?.[1];
}

/** Why a module of a folder with rooms may not import another of the folder. */
function objectionWithin(
  folder: string,
  { from, to }: Pick<Arrow, "from" | "to">,
): string | undefined {
  const rooms = ROOMS[folder];
  const [own, other] = [roomOf(from), roomOf(to)];
  for (const room of [own, other]) {
    if (room !== undefined && rooms[room] === undefined) {
      return `there is no rule for src/${folder}/${room}`;
    }
  }
  if (own === other) return undefined;
  if (to.split("/").at(-1)!.startsWith("_")) {
    return "what begins with _ is for its own room";
  }
  if (own === undefined) return undefined;
  if (other === undefined) return `what lies in src/${folder} stands above`;
  return rooms[own].includes(other)
    ? undefined
    : `${own} may not import ${other}`;
}

/** Why an arrow is not allowed; undefined where it is. */
function objection(arrow: Arrow): string | undefined {
  const { from, to, dynamic, typesOnly, specifier } = arrow;
  if (specifier.startsWith("@std/") || to === "deno.json") return undefined;
  if (from.startsWith("examples/")) {
    const isOwn = to.startsWith("examples/");
    return isOwn || specifier.startsWith("@clr/clr")
      ? undefined
      : "examples use published names alone";
  }
  if (!from.startsWith("src/")) return undefined;
  if (!to.startsWith("src/")) return "what is published is in src alone";
  const [own, other] = [folderOf(from), folderOf(to)];
  if (other === undefined) return "nothing imports a program";
  // The programs themselves stand above all folders.
  if (own === undefined) return undefined;
  if (own === other) {
    return ROOMS[own] === undefined ? undefined : objectionWithin(own, arrow);
  }
  if (to.split("/").at(-1)!.startsWith("_")) {
    return "what begins with _ is for its own folder";
  }
  if (dynamic) {
    const allowed = MAY_LOAD.some(([importer, imported]) =>
      importer.test(from) && imported.test(to)
    );
    return allowed ? undefined : "it is not among what is loaded when needed";
  }
  const isTaken = MAY_TAKE.some(([importer, imported]) =>
    importer.test(from) && imported.test(to)
  );
  if (isTaken) return undefined;
  if (MAY_IMPORT[own] === undefined) return `there is no rule for src/${own}`;
  if (MAY_IMPORT[own].includes(other)) return undefined;
  if (!MAY_READ[own]?.includes(other)) {
    return `src/${own} may not import src/${other}`;
  }
  return typesOnly
    ? undefined
    : `src/${own} may read types of src/${other} alone`;
}

/** The groups of modules that import one another in a circle. */
function circles(arrows: readonly Arrow[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const { from, to, dynamic } of arrows) {
    if (dynamic) continue;
    targets.set(from, [...targets.get(from) ?? [], to]);
  }
  // Tarjan's strongly connected components.
  const found: string[][] = [];
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const visit = (module: string) => {
    order.set(module, order.size);
    lowest.set(module, order.get(module)!);
    stack.push(module);
    for (const target of targets.get(module) ?? []) {
      if (!order.has(target)) visit(target);
      if (!stack.includes(target)) continue;
      const low = Math.min(lowest.get(module)!, lowest.get(target)!);
      lowest.set(module, low);
    }
    if (lowest.get(module) !== order.get(module)) return;
    const group = stack.splice(stack.indexOf(module));
    if (group.length > 1) found.push(group.sort());
  };
  for (const module of targets.keys()) if (!order.has(module)) visit(module);
  return found;
}

/** What is wrong with a graph, a line each; nothing where it is in order. */
export function faultsOf(arrows: readonly Arrow[]): string[] {
  return [
    ...arrows.flatMap((arrow) => {
      const why = objection(arrow);
      return why ? [`${arrow.from} → ${arrow.to}: ${why}`] : [];
    }),
    ...circles(arrows).map((group) => `a circle: ${group.join(", ")}`),
  ];
}

interface Graph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: { readonly specifier?: string };
      readonly type?: { readonly specifier?: string };
      readonly isDynamic?: boolean;
    }[];
  }[];
}

/** The arrows among the project's own modules in what `deno info --json` says. */
function arrowsOf(graph: Graph): Arrow[] {
  const own = (url: string | undefined) =>
    url?.startsWith(ROOT.href) ? url.slice(ROOT.href.length) : undefined;
  return graph.modules.flatMap(({ specifier: url, dependencies = [] }) => {
    const from = own(url);
    if (from === undefined) return [];
    return dependencies.flatMap(({ specifier, code, type, isDynamic }) => {
      const to = own(code?.specifier ?? type?.specifier);
      if (to === undefined) return [];
      return [{
        from,
        to,
        specifier,
        typesOnly: code === undefined,
        dynamic: isDynamic === true,
      }];
    });
  });
}

/** The relative addresses in a text by which a module reaches out of `src`. */
export function addressesIn(from: string, text: string): Arrow[] {
  return [...text.matchAll(/"(\.\.?\/[^"\s]*\.ts)"/g)].flatMap(
    ([, specifier]) => {
      const url = new URL(specifier, new URL(from, ROOT)).href;
      const to = url.slice(ROOT.href.length);
      const isWithin = to.startsWith("src/") || !from.startsWith("src/");
      return isWithin
        ? []
        : [{ from, to, specifier, typesOnly: false, dynamic: true }];
    },
  );
}

async function output(command: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd: fromFileUrl(ROOT),
    env: { NO_COLOR: "1" },
  }).output();
  if (code === 0) return new TextDecoder().decode(stdout);
  throw new Error(new TextDecoder().decode(stderr));
}

/** Every arrow among the modules of `src` and `examples`, and of `mod.ts`. */
export async function readArrows(): Promise<Arrow[]> {
  const listed = await output("git", [
    "ls-files",
    "--cached",
    "--others",
    "--exclude-standard",
    "mod.ts",
    "src/*.ts",
    "examples/*.ts",
  ]);
  const files: string[] = [];
  for (const file of listed.trim().split("\n")) {
    // A file that was deleted, and not yet committed as such, is listed too.
    await Deno.stat(new URL(file, ROOT)).then(() => files.push(file), () => {});
  }
  const all = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const imports = files.map((file) => `import "${new URL(file, ROOT)}";\n`);
    await Deno.writeTextFile(all, imports.join(""));
    const config = fromFileUrl(new URL("deno.json", ROOT));
    const graph = JSON.parse(
      await output(Deno.execPath(), [
        "info",
        "--json",
        "--config",
        config,
        toFileUrl(all).href,
      ]),
    );
    const addresses = await Promise.all(
      files.map(async (file) =>
        addressesIn(file, await Deno.readTextFile(new URL(file, ROOT)))
      ),
    );
    return [...arrowsOf(graph), ...addresses.flat()];
  } finally {
    await Deno.remove(all);
  }
}

if (import.meta.main) {
  const arrows = await readArrows();
  const faults = faultsOf(arrows);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) Deno.exit(1);
  console.log(
    `${arrows.length} imports among the modules, all as they may be.`,
  );
}
