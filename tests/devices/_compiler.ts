import { fromFileUrl, join } from "@std/path";

const SHARED = ["-shared", "-fPIC"];
const FOLDER = fromFileUrl(new URL(".", import.meta.url));

/** Whether there is a C compiler; if not, this says what is skipped. */
export const hasCompiler: boolean = runs("cc", "--version");
if (!hasCompiler) {
  console.log("No C compiler (cc): the tests against compiled C are skipped");
}

function runs(command: string, ...args: string[]): boolean {
  if (Deno.build.os === "windows") return false;
  try {
    return new Deno.Command(command, { args, stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A folder for what C makes, removed with `using`. */
export class Workbench implements Disposable {
  readonly #folder = Deno.makeTempDirSync({ prefix: "clr-test-" });

  /** The path of the library compiled from a source beside this file. */
  library(source: string): string {
    const path = join(this.#folder, source.replace(/\.c$/, ".so"));
    compile([...SHARED, join(FOLDER, source)], path);
    return path;
  }

  /** A folder that holds `name`: `source` compiled, or a file that is empty. */
  folderWith(name: string, source?: string, ...flags: string[]): string {
    const folder = Deno.makeTempDirSync({ dir: this.#folder });
    const path = join(folder, name);
    if (source) compile([...SHARED, ...flags, join(FOLDER, source)], path);
    else Deno.createSync(path).close();
    return folder;
  }

  /** What the program in `source` prints. */
  output(source: string): string {
    const path = join(this.#folder, "program");
    const file = `${path}.c`;
    Deno.writeTextFileSync(file, source);
    compile(["-I", FOLDER, file], path);
    const { stdout } = new Deno.Command(path).outputSync();
    return new TextDecoder().decode(stdout);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

function compile(args: string[], output: string): void {
  const { success, stderr } = new Deno.Command("cc", {
    args: ["-std=gnu11", ...args, "-o", output],
  }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
