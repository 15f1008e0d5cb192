/**
 * Imported for its effect: binds all functions of the C library before the first test. They are bound
 * at their first use otherwise, which the test runner would take for a resource that the test leaks.
 */
import { libc } from "../../ffi/libc.ts";

for (const name of Object.keys(libc) as (keyof typeof libc)[]) void libc[name];
