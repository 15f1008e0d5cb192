import { TESTED } from "./harness/implementation.ts";
import { testInterop } from "./harness/interop.ts";

testInterop(TESTED, TESTED);
