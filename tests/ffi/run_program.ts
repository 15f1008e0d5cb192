import assert from "node:assert/strict";
import { libc } from "../../ffi/libc.ts";
import { spawn, type SpawnOptions, waitForExit } from "../../ffi/process.ts";
import { openPipe, readText } from "./pipe.ts";

type TestProgram = Pick<SpawnOptions, "path" | "arguments"> & Partial<SpawnOptions>;

/** A script for the shell. */
export function shell(script: string): TestProgram {
  return { path: "/bin/sh", arguments: ["sh", "-c", script] };
}

/** One of the programs in programs/. */
export function denoProgram(name: string): TestProgram {
  return denoScript(new URL(`programs/${name}`, import.meta.url).pathname);
}

/** A script at `path` for Deno. */
export function denoScript(path: string): TestProgram {
  return {
    path: Deno.execPath(),
    arguments: ["deno", "run", "-A", "--quiet", path],
    environment: Deno.env.toObject(),
  };
}

/** Starts a program whose standard output can be read from a pipe. */
export function start(program: TestProgram): { pid: number; output: number } {
  const { reading, writing } = openPipe();
  const pid = spawn({
    environment: {},
    ...program,
    fds: [[0, null], [1, writing], [2, 2], ...(program.fds ?? [])],
  });
  libc.close(writing);
  return { pid, output: reading };
}

/** Runs a program, which must succeed, and returns what it printed. */
export async function outputOf(program: TestProgram): Promise<string> {
  const { pid, output } = start(program);
  const text = readText(output);
  assert.deepEqual(await waitForExit(pid), { code: 0, signal: null });
  return text;
}
