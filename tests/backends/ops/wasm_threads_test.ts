import { testOperations } from "./_test_backend.ts";

testOperations("wasm", { threads: 3, cases: 8 });
