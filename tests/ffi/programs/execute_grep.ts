/** Prints its process id, and replaces itself by grep, which prints what the kernel knows of it. */
import { SysError } from "../../../ffi/errno.ts";
import { SIGUSR2 } from "../../../ffi/layout.ts";
import { execute } from "../../../ffi/process.ts";

try {
  execute({ path: "/nonexistent", arguments: ["x"], environment: {} });
} catch (error) {
  if (!(error instanceof SysError)) throw error;
  console.log(error.code, Deno.pid);
}
execute({
  path: "/bin/grep",
  arguments: ["grep", "-ahE", "^(Pid|SigBlk):|^COLOR=", "/proc/self/status", "/proc/self/environ"],
  environment: { COLOR: "blue" },
  blockedSignals: [SIGUSR2],
});
