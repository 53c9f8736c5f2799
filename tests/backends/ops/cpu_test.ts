import { testOperations } from "./_test_backend.ts";

testOperations("cpu", { cases: 8 });
