import { testOperations } from "./_test_backend.ts";

testOperations("wasm", { threads: 1, cases: 10 });
