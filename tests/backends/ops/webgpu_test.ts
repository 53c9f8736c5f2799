import { hasAdapter } from "../_adapter.ts";
import { testOperations } from "./_test_backend.ts";

// Without a GPU the adapter is software, and slow.
if (await hasAdapter()) testOperations("webgpu", { cases: 2 });
