/** `set`, `setconf`, `addconf` and `syncconf` at a control socket whose answers the test decides. */
import "../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import { runConfigChange } from "../../cli/config_change.ts";
import { deviceName } from "../../cli/system/control_channel.ts";
import { runChange } from "../../cli/wg_change.ts";
import { AllowedIpList } from "../../core/allowed_ip_list.ts";
import { isZero } from "../../core/memory.ts";
import type { WgChange } from "../../core/wg/change.ts";
import { WgError } from "../../core/wg/error.ts";
import { FakeControlSocket } from "./fake_control_socket.ts";
import { type Outcome, runWg, wgTest } from "./wg_oracle.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;
const key = (byte: number) => new Uint8Array(32).fill(byte);
const KEY = key(1).toBase64(), OTHER = key(2).toBase64();
const HEX = key(1).toHex(), OTHER_HEX = key(2).toHex(), ZERO_HEX = "00".repeat(32);

/** Runs `wgts wg`, and lets this process serve it meanwhile. */
async function run(args: string[], input = ""): Promise<Outcome> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", MAIN, "wg", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

const DONE: Outcome = { code: 0, stdout: "", stderr: "" };
const failure = (stderr: string): Outcome => ({ code: 1, stdout: "", stderr: `${stderr}\n` });
const needs = { root: true };
const newSocket = () => new FakeControlSocket(`wgtsw${Deno.pid}`);

wgTest("set sends what wg sends, with keys from stdin", needs, async () => {
  using socket = newSocket();
  const args = ["set", socket.name, "fwmark", "7", "peer", KEY, "endpoint", "[fe80::1%lo]:9"];
  const rest = ["allowed-ips", "10.0.0.1/32,::/0", "persistent-keepalive", "off"];
  assert.deepEqual(await run([...args, ...rest]), DONE);
  const ours = socket.request;
  assert.equal((await runWg([...args, ...rest])).code, 0);
  assert.equal(ours, socket.request);

  const { name } = socket;
  assert.deepEqual(await run(["set", name, "private-key", "/dev/stdin"], `${KEY}\n`), DONE);
  assert.equal(socket.request, `set=1\nprivate_key=${HEX}\n\n`);
  assert.deepEqual(
    await run(["set", name, "peer", KEY, "preshared-key", "/dev/stdin"]),
    failure("Invalid length key in key file"),
    "a pipe doesn't tell that it is at its beginning",
  );
});

wgTest(
  "what a control socket refuses is told of, whatever the sign of its errno",
  needs,
  async () => {
    using socket = newSocket();
    const cases: [string, string][] = [
      ["errno=-98\n\n", "Address already in use"],
      ["errno=22\n\n", "Invalid argument"],
      ["errno=-4000\n\n", "Unknown error 4000"],
      ["nonsense\n\n", "Protocol error"],
      ["", "Protocol error"],
    ];
    for (const [answer, words] of cases) {
      socket.otherAnswer = answer;
      assert.deepEqual(
        await run(["set", socket.name, "listen-port", "1"]),
        failure(`Unable to modify interface: ${words}`),
        answer,
      );
    }
  },
);

wgTest("syncconf asks what there is, and sends the difference", needs, async () => {
  using socket = newSocket();
  const { name } = socket;
  socket.answer =
    `public_key=${HEX}\npreshared_key=${OTHER_HEX}\npublic_key=${OTHER_HEX}\nerrno=0\n\n`;
  const config = `[Peer]\nPublicKey = ${KEY}\n`;
  const cleared = `private_key=${ZERO_HEX}\nfwmark=0\nlisten_port=0\n`;
  assert.deepEqual(await run(["syncconf", name, "/dev/stdin"], config), DONE);
  assert.equal(
    socket.request,
    `set=1\n${cleared}public_key=${OTHER_HEX}\nremove=true\npublic_key=${HEX}\n` +
      `preshared_key=${ZERO_HEX}\nreplace_allowed_ips=true\n\n`,
  );
  socket.answer = "errno=5\n\n";
  assert.deepEqual(
    await run(["syncconf", name, "/dev/stdin"], config),
    failure("Unable to retrieve current interface configuration: Input/output error"),
  );
  // Without a peer nobody is asked.
  assert.deepEqual(await run(["syncconf", name, "/dev/stdin"], ""), DONE);
  assert.equal(socket.request, `set=1\n${cleared}replace_peers=true\n\n`);
});

wgTest("nobody waits for more of an answer that is wrong already", needs, async () => {
  using socket = newSocket();
  socket.staysOpen = true;
  const show = ["show", socket.name], set = ["set", socket.name, "listen-port", "1"];
  const cases: readonly [answer: string, args: string[]][] = [
    ["garbage\n", show],
    ["garbage\n", set],
    ["\n", show],
    ["\n", set],
    ["listen_port=x\n", show],
  ];
  for (const [answer, args] of cases) {
    socket.answer = socket.otherAnswer = answer;
    const outcome = await run(args);
    assert.deepEqual(outcome, await runWg(args));
    assert.match(outcome.stderr, /: Protocol error\n$/);
  }
});

wgTest("a control socket that hangs up on a change is told of", needs, async () => {
  using socket = newSocket();
  socket.hangsUp = true;
  const args = ["set", socket.name, "listen-port", "1"];
  assert.deepEqual(
    await run(args),
    failure("Unable to modify interface: Connection reset by peer"),
  );
});

wgTest("a variable that isn't UTF-8 ends nothing", needs, async () => {
  using socket = newSocket();
  socket.answer = "listen_port=7\nerrno=0\n\n";
  const command = "export WG_COLOR_MODE=$'\\xff' WG_HIDE_KEYS=$'\\xff'; exec \"$@\"";
  const bash = async (...words: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command("bash", {
      args: ["-c", command, "bash", ...words, "show", socket.name],
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  };
  const ours = await bash(Deno.execPath(), "run", "-A", "--quiet", MAIN, "wg");
  assert.deepEqual(ours, await bash("wg"));
  assert.equal(ours.stdout, `interface: ${socket.name}\n  listening port: 7\n`);
});

wgTest("a link to a socket that nobody listens at any more goes, as with wg", needs, async () => {
  const directory = "/var/run/wireguard", target = `${directory}/dead${Deno.pid}.sock`;
  const name = `wgtsl${Deno.pid}`, link = `${directory}/${name}.sock`;
  for (const show of [run, runWg]) {
    Deno.mkdirSync(directory, { recursive: true });
    const listener = Deno.listen({ transport: "unix", path: `${target}.new` });
    // Else it would go with the listener.
    Deno.renameSync(`${target}.new`, target);
    listener.close();
    Deno.symlinkSync(target, link);
    try {
      assert.equal((await show(["show", name])).code, 1);
      assert.throws(() => Deno.lstatSync(link), Deno.errors.NotFound);
      assert.ok(Deno.lstatSync(target).isSocket);
    } finally {
      Deno.removeSync(target);
    }
  }
});

wgTest("who writes to nobody ends as by SIGPIPE", needs, async () => {
  using socket = newSocket();
  const { answers } = manyPeers();
  // More than a pipe holds.
  socket.answer = `${answers.join("").repeat(4)}errno=0\n\n`;
  const script = '"$@" | true; echo "${PIPESTATUS[0]}"';
  const status = async (...words: string[]) => {
    const args = ["-c", script, "bash", ...words, "show", socket.name, "dump"];
    return new TextDecoder().decode((await new Deno.Command("bash", { args }).output()).stdout);
  };
  assert.equal(await status(Deno.execPath(), "run", "-A", "--quiet", MAIN, "wg"), "141\n");
  assert.equal(await status("wg"), "141\n");
});

/** A file of very many peers, and the answer of an interface that has them. */
function manyPeers(): { file: string; answers: string[] } {
  const keys = Array.from({ length: 600 }, (_, i) => new Uint8Array(32).fill(i).fill(i >> 8, 9));
  const file = keys.map((key, i) =>
    `[Peer]\nPublicKey = ${key.toBase64()}\nAllowedIPs = 10.0.${i >> 8}.${i & 255}/32\n`
  ).join("");
  const answers = keys.map((key, i) =>
    `public_key=${key.toHex()}\npreshared_key=${ZERO_HEX}\nprotocol_version=1\n` +
    "last_handshake_time_sec=0\nlast_handshake_time_nsec=0\ntx_bytes=0\nrx_bytes=0\n" +
    `persistent_keepalive_interval=0\nallowed_ip=10.0.${i >> 8}.${i & 255}/32\n`
  );
  return { file, answers };
}

wgTest("syncconf of a long file fails in wg's words", needs, async () => {
  using socket = newSocket();
  const { file } = manyPeers();
  const cases: readonly [name: string, file: string][] = [
    // What is wrong with the file is told before the interface is looked for.
    [`${socket.name}x`, `${file}nonsense`],
    [`${socket.name}x`, file],
    // Without a peer nobody is asked.
    [`${socket.name}x`, file.replaceAll(/^/gm, "#")],
  ];
  const path = await Deno.makeTempFile({ prefix: "wgts-many-" });
  try {
    for (const [name, config] of cases) {
      await Deno.writeTextFile(path, config);
      const wanted = await runWg(["syncconf", name, path]);
      assert.equal(wanted.code, 1);
      assert.deepEqual(await run(["syncconf", name, path]), wanted);
    }
  } finally {
    await Deno.remove(path);
  }
  socket.answer = "errno=5\n\n";
  const words = "Unable to retrieve current interface configuration";
  assert.deepEqual(
    await run(["syncconf", socket.name, "/dev/stdin"], file),
    failure(`${words}: Input/output error`),
  );
});

wgTest("a peer that is listed twice in a long answer isn't lost", needs, async () => {
  using socket = newSocket();
  const { file, answers } = manyPeers();
  const again = answers[3] ?? "";
  socket.answer = `${answers.join("")}${again.replace(/allowed_ip.*\n/, "")}errno=0\n\n`;
  assert.deepEqual(await run(["syncconf", socket.name, "/dev/stdin"], file), DONE);
  const [publicKey] = again.split("\n", 1);
  assert.match(
    socket.request,
    new RegExp(`${publicKey}\nreplace_allowed_ips=true\nallowed_ip=10.0.0.3/32`),
  );
  assert.doesNotMatch(socket.request, /remove/);
});

wgTest("a config that can't be read changes nothing", needs, async () => {
  using socket = newSocket();
  for (const command of ["setconf", "addconf", "syncconf"]) {
    const cases: [string, string, string][] = [
      ["/nonexistent", "", "fopen: No such file or directory"],
      ["/", "", "fopen: Is a directory"],
      ["/dev/stdin", "x", "Line unrecognized: `x'\nConfiguration parsing error"],
      ["/dev/stdin", "[Peer]", "A peer is missing a public key\nInvalid configuration"],
    ];
    for (const [path, input, words] of cases) {
      assert.deepEqual(await run([command, socket.name, path], input), failure(words));
    }
  }
  assert.equal(socket.request, "");
  const { code, stderr } = await run(["setconf", `${socket.name}x`, "/dev/null"]);
  assert.equal(code, 1);
  assert.match(stderr, /^Unable to modify interface: (No such device|Protocol not supported)\n$/);
});

wgTest("addconf adds, setconf replaces", needs, async () => {
  using socket = newSocket();
  const { name } = socket;
  const config = `[Interface]\nListenPort = 7\n[Peer]\nPublicKey = ${OTHER}\n`;
  const peer = `public_key=${OTHER_HEX}\nreplace_allowed_ips=true\n`;
  assert.deepEqual(await run(["addconf", name, "/dev/stdin"], config), DONE);
  assert.equal(socket.request, `set=1\nlisten_port=7\n${peer}\n`);
  assert.deepEqual(await run(["setconf", name, "/dev/stdin"], config), DONE);
  assert.equal(
    socket.request,
    `set=1\nprivate_key=${ZERO_HEX}\nfwmark=0\nlisten_port=7\nreplace_peers=true\n${peer}\n`,
  );
});

Deno.test("wg cuts names that no interface can have", () => {
  assert.equal(deviceName("a".repeat(15)), "a".repeat(15));
  assert.equal(deviceName("a".repeat(16)), "a".repeat(15));
  assert.equal(deviceName(""), "");
});

Deno.test("the keys of a change are wiped, whether it could be made or not", async () => {
  const change: WgChange = {
    privateKey: key(1),
    replacePeers: false,
    peers: [{
      publicKey: key(2),
      presharedKey: key(3),
      remove: false,
      updateOnly: false,
      replaceAllowedIps: false,
      allowedIps: new AllowedIpList(),
    }],
  };
  assert.equal(await runChange("wgts-nonexist", () => change), 1);
  assert.deepEqual(change.privateKey, key(0));
  assert.deepEqual(change.peers[0]?.presharedKey, key(0));
});

Deno.test("a config is wiped once it was read, whatever is wrong with it", async () => {
  const readFileSync = Deno.readFileSync;
  const { file: many } = manyPeers();
  for (const config of [`[Interface]\nPrivateKey = ${KEY}\n`, many, `${many}nonsense`]) {
    const file = new TextEncoder().encode(config);
    Deno.readFileSync = () => file;
    try {
      assert.equal(await runConfigChange("syncconf", ["wgts-nonexist", "a"]), 1);
    } finally {
      Deno.readFileSync = readFileSync;
    }
    assert.ok(isZero(file));
  }
});

Deno.test("an error that wg has no words for isn't hidden", async () => {
  const broken = () => {
    throw new TypeError("broken");
  };
  await assert.rejects(runChange("wgts-nonexist", broken), { message: "broken" });
  const refused = () => {
    throw new WgError("refused");
  };
  assert.equal(await runChange("wgts-nonexist", refused), 1);
});
