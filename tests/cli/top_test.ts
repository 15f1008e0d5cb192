/** `wgts top` without a terminal: its options, and what it prints. */
import assert from "node:assert/strict";
import { Sampler } from "../../cli/top/sampler.ts";
import { parseTopOptions } from "../../cli/top/options.ts";
import { UsageError } from "../../cli/program_name.ts";
import { rootTest } from "../ffi/privileged.ts";
import { waitFor } from "../netns/harness/wait.ts";
import { FakeControlSocket } from "./fake_control_socket.ts";
import { SilentSocket } from "./silent_socket.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

Deno.test("top: options", () => {
  const cases: [string[], ReturnType<typeof parseTopOptions>][] = [
    [[], { names: [], interval: 1, once: false }],
    [["--once", "wg0", "wg1", "wg0"], { names: ["wg0", "wg1"], interval: 1, once: true }],
    [["--interval=0.1"], { names: [], interval: 0.1, once: false }],
    [["wg0", "--interval", "3600"], { names: ["wg0"], interval: 3600, once: false }],
    [["--", "wg0"], { names: ["wg0"], interval: 1, once: false }],
    // Whatever Linux takes for a name, as `status` does: others made the interface.
    [["wg@home", "--", "-é"], { names: ["wg@home", "-é"], interval: 1, once: false }],
  ];
  for (const [args, options] of cases) assert.deepEqual(parseTopOptions(args), options);
  const misuses = [
    ["--interval"],
    ["--interval="],
    ["--interval=0"],
    ["--interval=0.09"],
    ["--interval=3601"],
    ["--interval=1e3"],
    ["--interval=-1"],
    ["--interval=NaN"],
    ["--once=1"],
    ["-x"],
    ["--", "/once"],
    ["a/b"],
    [".."],
    ["a name that is too long"],
  ];
  for (const args of misuses) {
    assert.throws(() => parseTopOptions(args), UsageError, args.join(" "));
  }
});

/** `wgts top` in a process of its own, while this one serves the socket. */
function start(args: string[], env: Record<string, string> = {}): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", MAIN, "top", ...args],
    env: { LC_ALL: "C.UTF-8", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await start(args).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}/;

/** The answer to a `get` of an interface with one peer. */
function answer(received: number): string {
  return `listen_port=51820
public_key=${"ab".repeat(32)}
endpoint=192.0.2.1:1234
last_handshake_time_sec=0
last_handshake_time_nsec=0
tx_bytes=0
rx_bytes=${received}
persistent_keepalive_interval=0
errno=0

`;
}

/** An interface whose peer has sent a megabyte more each time it is asked. */
function growingSocket(): FakeControlSocket {
  const socket = new FakeControlSocket(`wgtst${Deno.pid}`);
  let received = 0;
  Object.defineProperty(socket, "answer", { get: () => answer(received += 2 ** 20) });
  return socket;
}

rootTest("top --once prints the rates of one interval", async () => {
  using socket = growingSocket();
  const { code, stdout, stderr } = await run("--once", "--interval", "0.1", socket.name);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  assert.match(stdout, MOMENT);
  const [title = "", , heads = "", line = "", , , peer = "", ...rest] = stdout.split("\n");
  assert.match(title, /Z {2}1 interface, 1 peer, down [\d.]+ \w+\/s, up 0 B\/s$/);
  assert.match(heads, /^INTERFACE /);
  assert.match(line, new RegExp(`^${socket.name} +51820 +1 .* another implementation$`));
  assert.match(
    peer,
    /^q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s= {2}192\.0\.2\.1:1234 .* never /,
  );
  const [, down = "", unit] = /:1234 +([\d.]+) (\w+)/.exec(peer) ?? [];
  assert.ok(Number(down) > 0 && unit === "MiB", peer);
  assert.deepEqual(rest, [""]);
});

rootTest("top prints again and again where stdout is no terminal, until a signal", async () => {
  using socket = growingSocket();
  const child = start(["--interval=0.1", socket.name]);
  let text = "";
  const decoder = new TextDecoder();
  for await (const part of child.stdout) {
    text += decoder.decode(part, { stream: true });
    if (text.split("\nPEER").length > 3) break;
  }
  child.kill("SIGTERM");
  const { code, signal } = await child.status;
  await child.stderr.cancel();
  assert.deepEqual({ code, signal }, { code: 143, signal: null });
  // deno-lint-ignore no-control-regex -- nothing that moves a cursor
  assert.doesNotMatch(text, /\x1b/);
});

Deno.test("top --once of an interface that isn't there says so, with exit code 1", async () => {
  const { code, stdout, stderr } = await run("--once", "--interval=0.1", "wgts-none");
  assert.equal(stderr, "");
  assert.equal(code, 1);
  assert.match(stdout, /^wgts-none .* gone for 0s$/m);
});

rootTest("top: what answers nonsense is shown as such", async () => {
  using socket = new FakeControlSocket(`wgtst${Deno.pid}`);
  socket.answer = socket.otherAnswer = "\x1b[2J\n\n";
  const { code, stdout } = await run("--once", "--interval=0.1", socket.name);
  assert.equal(code, 1);
  // deno-lint-ignore no-control-regex -- nothing that clears a screen
  assert.doesNotMatch(stdout, /\x1b/);
  assert.match(stdout, new RegExp(`^${socket.name} +- .* error for 0s: .* malformed`, "m"));
});

rootTest("top: the others are shown while one that doesn't answer is waited for", async () => {
  using other = growingSocket();
  using silent = new SilentSocket(`wgtss${Deno.pid}`);
  using sampler = new Sampler([silent.name, other.name], { quick: 2000, slow: 600_000 });
  const first = await sampler.sample();
  assert.deepEqual(
    first.samples.map(({ found }) => "problem" in found ? found.problem : "found").sort(),
    ["found", "no answer"],
  );
  // Both threads have asked, and the second one hasn't given up.
  await waitFor("the second thread", () => silent.clients === 2 && silent.left === 1);
  const { samples: [sample] } = await sampler.sample();
  assert.equal(sample?.name, other.name);
  silent.answer(answer(0));
  await waitFor("the answer to the second thread", async () => {
    const { samples } = await sampler.sample();
    return samples.every(({ found }) => "peers" in found);
  });
});

rootTest("top: an interface that doesn't answer doesn't hold up the others", async () => {
  using other = growingSocket();
  using silent = new SilentSocket(`wgtss${Deno.pid}`);
  using sampler = new Sampler([silent.name, other.name], { quick: 2000, slow: 5000 });
  const found = async () => {
    const { samples } = await sampler.sample();
    return new Map(samples.map(({ name, found }) => [name, found]));
  };
  const first = await found();
  assert.deepEqual(first.get(silent.name), { problem: "no answer", reason: "" });
  assert.ok("peers" in (first.get(other.name) ?? {}));
  const asked = silent.clients;
  for (let i = 0; i < 20; i++) {
    const next = await found();
    assert.equal(next.size, 2);
    assert.deepEqual(next.get(silent.name), { problem: "no answer", reason: "" });
    assert.ok("peers" in (next.get(other.name) ?? {}));
  }
  // Were it asked each time, each would wait until its time limit.
  assert.ok(silent.clients - asked <= 4, `${silent.clients - asked}`);
  silent.answer(answer(0));
  await waitFor("its answer", async () => "peers" in ((await found()).get(silent.name) ?? {}));
});
