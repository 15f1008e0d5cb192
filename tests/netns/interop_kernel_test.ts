import { KERNEL, TESTED } from "./harness/implementation.ts";
import { testInterop } from "./harness/interop.ts";

testInterop(TESTED, KERNEL);
