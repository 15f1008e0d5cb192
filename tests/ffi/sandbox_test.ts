import "./bind_libc.ts";
import assert from "node:assert/strict";
import { CAP_DAC_READ_SEARCH, CAP_SYS_ADMIN } from "../../ffi/layout.ts";
import { waitForExit } from "../../ffi/process.ts";
import { inNewNetworkNamespace } from "../../ffi/namespace.ts";
import { ENGINE_CAPABILITIES, engineCapabilities } from "../../ffi/sandbox.ts";
import { readText } from "./pipe.ts";
import { rootTest } from "./privileged.ts";
import { denoProgram, denoScript, start } from "./run_program.ts";

/** Runs the program in a network namespace of its own, with `capabilities`. */
async function confined(capabilities: readonly number[]) {
  const program = { ...denoProgram("confined_engine.ts"), capabilities };
  const { pid, output } = inNewNetworkNamespace(() => start(program));
  const report = JSON.parse(readText(output));
  assert.deepEqual(await waitForExit(pid), { code: 0, signal: null });
  return report;
}

rootTest("a confined engine works, and can do nothing else", async () => {
  assert.deepEqual(await confined(ENGINE_CAPABILITIES), {
    confinement: { capabilities: true, noNewPrivileges: true, systemCalls: true },
    works: { sent: 2, received: 1, packets: true, port: 700, threads: 0 },
    denied: {
      execve: "EPERM",
      ptrace: "EPERM",
      bpf: "EPERM",
      unshare: "EPERM",
      setns: "EPERM",
      cloneIntoNamespace: "EPERM",
      clone3: "ENOSYS",
      x32: "EPERM",
    },
    unconfined: null,
  });
});

rootTest("an engine that was started with more says so", async () => {
  const { confinement } = await confined([...ENGINE_CAPABILITIES, CAP_SYS_ADMIN]);
  assert.deepEqual(confinement, { capabilities: false, noNewPrivileges: true, systemCalls: true });
});

rootTest("a program in a user's private directory can still be read", async () => {
  const directory = await Deno.makeTempDir();
  const script = `${directory}/program.ts`;
  try {
    await Deno.writeTextFile(script, 'console.log("started");');
    const run = async () => {
      const capabilities = engineCapabilities([Deno.execPath(), script]);
      const { pid, output } = start({ ...denoScript(script), capabilities });
      const text = readText(output);
      await waitForExit(pid);
      return { text, more: capabilities.slice(ENGINE_CAPABILITIES.length) };
    };
    assert.deepEqual(await run(), { text: "started\n", more: [] });
    await Deno.chown(directory, 1000, 1000);
    await Deno.chmod(directory, 0o750);
    assert.deepEqual(await run(), { text: "started\n", more: [CAP_DAC_READ_SEARCH] });
    assert.equal(await Deno.readTextFile(script), 'console.log("started");', "we still can");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
