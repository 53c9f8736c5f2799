/**
 * What of the code can be counted: parameters that stand in a row, and casts.
 * Counted by Deno's linter, which parses and hands out the tree, and which only
 * `deno test` lets a program run.
 */

/** A function with many parameters. */
export interface Row {
  readonly path: string;
  readonly name: string;
  readonly parameters: number;
}

/** What was counted. */
export interface Measures {
  /** Functions with four parameters or more. */
  readonly rows: readonly Row[];
  /** `as T` in `src`, but for `as const`. */
  readonly casts: readonly string[];
  /** Lines of `src`. */
  readonly lines: number;
}

type FunctionNode =
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression
  | Deno.lint.ArrowFunctionExpression;

/** The name of a function, of a method, or of what a function is assigned to. */
function nameOf(node: FunctionNode, source: Deno.lint.SourceCode): string {
  if ("id" in node && node.id) return node.id.name;
  const { parent } = node;
  const before = source.text.slice(parent.range[0], node.body?.range[0]);
  return /^[^(=:]*?([#\w$]+)\s*[(=:]/.exec(before)?.[1] ??
    "a function without a name";
}

/** Counts in one file. */
export function measure(
  path: string,
  text: string,
): Pick<Measures, "rows" | "casts"> {
  const rows: Row[] = [];
  const casts: string[] = [];
  const onFunction = (node: FunctionNode, source: Deno.lint.SourceCode) => {
    const { length } = node.params.filter((param) =>
      !(param.type === "Identifier" && param.name === "this")
    );
    if (length < 4) return;
    rows.push({ path, name: nameOf(node, source), parameters: length });
  };
  Deno.lint.runPlugin(
    {
      name: "house",
      rules: {
        measures: {
          create: ({ sourceCode }) => ({
            FunctionDeclaration: (node) => onFunction(node, sourceCode),
            FunctionExpression: (node) => onFunction(node, sourceCode),
            ArrowFunctionExpression: (node) => onFunction(node, sourceCode),
            TSAsExpression(node) {
              if (/\bas const$/.test(sourceCode.getText(node))) return;
              const type = sourceCode.getText(node.typeAnnotation);
              casts.push(`${path}: as ${type}`);
            },
          }),
        },
      },
    },
    path,
    text,
  );
  return { rows, casts };
}

const ROOT = new URL("../../", import.meta.url);
const FOLDERS = ["src", "examples", "tests", "bench", "std"];

async function* sources(folder: string): AsyncIterable<string> {
  for await (
    const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))
  ) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sources(path);
    else if (name.endsWith(".ts")) yield path;
  }
}

/** Counts in all of the project. */
export async function measureAll(): Promise<Measures> {
  const all = { rows: [] as Row[], casts: [] as string[], lines: 0 };
  for (const folder of FOLDERS) {
    for await (const path of sources(folder)) {
      const text = await Deno.readTextFile(new URL(path, ROOT));
      const { rows, casts } = measure(path, text);
      all.rows.push(...rows);
      if (folder !== "src") continue;
      all.casts.push(...casts);
      all.lines += text.split("\n").length;
    }
  }
  return all;
}
