import "./bind_libc.ts";
import assert from "node:assert/strict";
import { Arena } from "../../ffi/arena.ts";
import { capabilityMask, getCapabilities } from "../../ffi/capabilities.ts";
import { SysError } from "../../ffi/errno.ts";
import {
  CAP_NET_ADMIN,
  CAP_NET_BIND_SERVICE,
  F_GETFD,
  POLLIN,
  SIGHUP,
  SIGINT,
  SIGKILL,
  SIGTERM,
  SIGUSR1,
} from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { PollSet } from "../../ffi/poll.ts";
import { openPidfd, pollExit, spawn, waitForExit } from "../../ffi/process.ts";
import { openPipe, readText } from "./pipe.ts";
import { rootTest } from "./privileged.ts";
import { denoProgram, outputOf, shell, start } from "./run_program.ts";
import { type ThreadStatus, threadStatuses } from "./thread_status.ts";

const SUCCESS = { code: 0, signal: null };

Deno.test("a program gets its arguments and its environment", async () => {
  const output = await outputOf({
    path: "/bin/sh",
    arguments: ["sh", "-c", 'echo "$1|$2|$GREETING|$HOME"', "-", "", "ü b"],
    environment: { GREETING: "hé llo=1" },
  });
  assert.equal(output, "|ü b|hé llo=1|\n");
});

Deno.test("a program has the descriptors it was given, even crosswise, and no others", async () => {
  const a = openPipe(), b = openPipe();
  const leaking = openPipe(0);
  const list = await outputOf({
    ...shell(
      `echo through-a >/proc/self/fd/${a.writing}; echo through-b >/proc/self/fd/${b.writing}; ` +
        "ls /proc/$$/fd",
    ),
    fds: [[a.writing, b.writing], [b.writing, a.writing]],
  });
  libc.close(a.writing);
  libc.close(b.writing);
  assert.equal(readText(a.reading), "through-b\n");
  assert.equal(readText(b.reading), "through-a\n");
  assert.deepEqual(
    new Set(list.split(/\s/)),
    new Set(["", ...[0, 1, 2, a.writing, b.writing].map(String)]),
  );
  assert.equal(libc.fcntl(leaking.reading, F_GETFD, 0), 0, "our own descriptor is as it was");
  libc.close(leaking.reading);
  libc.close(leaking.writing);
});

Deno.test("a program can lead a session of its own", async () => {
  const script = "read -r pid name state parent group session rest </proc/$$/stat; " +
    'test "$pid" = "$session" && echo own || echo inherited';
  assert.equal(await outputOf({ ...shell(script), newSession: true }), "own\n");
  assert.equal(await outputOf(shell(script)), "inherited\n");
});

Deno.test("how a program ended is told", async () => {
  const pid = spawn({ ...shell("exit 7"), environment: {}, fds: [] });
  assert.deepEqual(await waitForExit(pid), { code: 7, signal: null });

  const sleeper = spawn({ ...shell("exec sleep 100"), environment: Deno.env.toObject(), fds: [] });
  assert.equal(pollExit(sleeper), null);
  const pidfd = openPidfd(sleeper);
  const poll = new PollSet(new Arena(65536), 1);
  poll.set(0, pidfd, POLLIN);
  assert.equal(poll.wait(0), 0);
  libc.kill(sleeper, SIGKILL);
  assert.equal(poll.wait(120_000), 1);
  assert.deepEqual(pollExit(sleeper), { code: null, signal: SIGKILL });
  libc.close(pidfd);
  await assert.rejects(waitForExit(sleeper), /no child/);
});

Deno.test("a program that isn't there is an error", () => {
  assert.throws(
    () => spawn({ path: "/nonexistent", arguments: ["x"], environment: {}, fds: [] }),
    (error) => error instanceof SysError && error.code === "ENOENT",
  );
});

Deno.test("a process can replace itself by another program", async () => {
  const output = await outputOf(denoProgram("execute_grep.ts"));
  const [failure, pid, mask, environment] = output.split("\n");
  assert.equal(failure?.replace("ENOENT ", "Pid:\t"), pid, "the same process");
  assert.equal(mask, "SigBlk:\t0000000000000800");
  assert.equal(environment, "COLOR=blue\0");
});

Deno.test("blocked signals reach a Deno program through its signalfd alone", async () => {
  const { pid, output } = start({
    ...denoProgram("receive_signals.ts"),
    blockedSignals: [SIGTERM, SIGINT, SIGHUP, SIGUSR1],
  });
  assert.equal(readLine(output), "ready");
  // Every thread must block them, or the kernel gives them to one that doesn't.
  for (const thread of threadStatuses(pid)) assert.match(thread.SigBlk, /4203$/);
  // No debugger's port opens, and nobody dies, of a signal that nobody gets.
  libc.kill(pid, SIGUSR1);
  libc.kill(pid, SIGINT);
  assert.equal(readLine(output), String(SIGINT));
  libc.kill(pid, SIGTERM);
  assert.equal(readText(output), `${SIGTERM}\n`);
  assert.deepEqual(await waitForExit(pid), SUCCESS);
});

rootTest("all threads of a program have the capabilities left to it, and ours stay", async () => {
  const ours = threadStatuses();
  const limited = { capabilities: [CAP_NET_ADMIN, CAP_NET_BIND_SERVICE] };
  const program = denoProgram("report_threads.ts");
  const threads: ThreadStatus[] = JSON.parse(await outputOf({ ...program, ...limited }));
  assert(threads.length > 1);
  const wanted = capabilityMask(limited.capabilities).toString(16).padStart(16, "0");
  for (const thread of threads) {
    assert.deepEqual([thread.CapPrm, thread.CapEff], [wanted, wanted]);
  }
  const unlimited: ThreadStatus[] = JSON.parse(await outputOf(program));
  const all = getCapabilities().permitted.toString(16).padStart(16, "0");
  for (const thread of unlimited) assert.deepEqual(thread.CapEff, all);

  assert.throws(() =>
    spawn({ path: "/nonexistent", arguments: [], environment: {}, fds: [], ...limited })
  );
  assert.deepEqual(threadStatuses().slice(0, 1), ours.slice(0, 1));
});

function readLine(fd: number): string {
  const byte = new Uint8Array(1);
  let line = "";
  while (libc.read(fd, byte, 1) === 1 && byte[0] !== 10) {
    line += String.fromCharCode(byte[0] ?? 0);
  }
  return line;
}
