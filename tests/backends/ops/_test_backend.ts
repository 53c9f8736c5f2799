import { selectBackend } from "@clr/clr/backends";
import { fuzz } from "./_fuzz.ts";
import { operations } from "./_operations.ts";

/** Tests every operation on a backend with so many random cases each. */
export function testOperations(
  backend: "cpu" | "wasm" | "webgpu",
  options: { readonly threads?: number; readonly cases: number },
): void {
  const { threads, cases } = options;
  const on = threads === undefined
    ? backend
    : `${backend}, ${threads} thread${threads === 1 ? "" : "s"}`;
  Deno.test({
    name: `every operation is right on ${on}, for random shapes`,
    async fn() {
      await selectBackend({ backend, threads });
      const wrong: string[] = [];
      for (const operation of operations) {
        // What was read at once has its promise settled in the loop's next turn:
        // with hundreds that never were, Deno can abort when it ends.
        await new Promise((resolve) => setTimeout(resolve));
        const outcome = fuzz(operation, { seed: 15, cases });
        if (outcome.wrong === undefined) continue;
        const { given, how } = outcome.wrong;
        wrong.push(`${outcome.name}: ${how}\n  ${JSON.stringify(given)}`);
      }
      await new Promise((resolve) => setTimeout(resolve));
      if (wrong.length > 0) throw new Error(wrong.join("\n"));
    },
  });
}
