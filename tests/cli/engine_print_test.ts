/** What `show` and `showconf` have printed by the engine, and what they do where that can't be. */
import assert from "node:assert/strict";
import { isZero } from "../../core/memory.ts";
import { writeText } from "../../cli/system/engine_print.ts";
import { engineRecordPath, STATUS_DIRECTORY } from "../../cli/runtime_paths.ts";
import { rootTest } from "../ffi/privileged.ts";
import { FakeControlSocket } from "./fake_control_socket.ts";

const GET = `private_key=${"11".repeat(32)}\nlisten_port=7\npublic_key=${"22".repeat(32)}\n` +
  `preshared_key=${"33".repeat(32)}\nerrno=0\n\n`;

/** An interface for which an engine of wgts has left its record. */
class Engine extends FakeControlSocket {
  constructor(name: string) {
    super(name);
    this.answer = GET;
    Deno.mkdirSync(STATUS_DIRECTORY, { recursive: true, mode: 0o700 });
    Deno.writeTextFileSync(engineRecordPath(name), "");
  }

  override [Symbol.dispose](): void {
    Deno.removeSync(engineRecordPath(this.name));
    super[Symbol.dispose]();
  }
}

async function wgts(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await attemptWgts(args, env);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return stdout;
}

async function attemptWgts(args: readonly string[], env: Record<string, string> = {}) {
  const main = new URL("../../cli/main.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", main, ...args],
    env,
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

const key = (byte: number) => new Uint8Array(32).fill(byte).toBase64();
const name = (letter: string) => `prt${letter}${Deno.pid}`.slice(-15);

rootTest("what an engine prints is printed as it comes", async () => {
  using engine = new Engine(name("a"));
  engine.otherAnswer = "what it says\n\nand so on\nerrno=0\n\n";
  const text = "what it says\n\nand so on\n";
  const requests: [args: string[], request: string, env?: Record<string, string>][] = [
    [["show", engine.name], `print=show\nname=${engine.name}\n\n`],
    [["show", engine.name], `print=show\nname=${engine.name}\nshow_keys=true\n\n`, {
      WG_HIDE_KEYS: "never",
    }],
    [["show", engine.name], `print=show\nname=${engine.name}\ncolor=true\n\n`, {
      WG_COLOR_MODE: "always",
    }],
    [
      ["show", engine.name, "transfer"],
      `print=transfer\nname=${engine.name}\nshow_keys=true\n\n`,
    ],
    [["showconf", engine.name], `print=showconf\nname=${engine.name}\nshow_keys=true\n\n`],
  ];
  for (const [args, request, env] of requests) {
    assert.equal(await wgts(args, env), text);
    assert.equal(engine.request, request);
  }
  assert.ok((await wgts(["show", "all", "dump"])).includes(text));
  assert.match(engine.request, /\nprefixed=true\n/);
});

rootTest(
  "what an engine doesn't print, of an earlier version or broken, is read and printed",
  async () => {
    using engine = new Engine(name("b"));
    for (const answer of ["", "errno=-22\n\n"]) {
      engine.otherAnswer = answer;
      const shown = await wgts(["show", engine.name]);
      assert.match(shown, new RegExp(`^interface: ${engine.name}\n  public key: `), answer);
      assert.ok(shown.includes("\n  preshared key: (hidden)\n"));
      assert.match(await wgts(["showconf", engine.name]), /^\[Interface\]\nListenPort = 7\n/);
      assert.equal(await wgts(["show", engine.name, "listen-port"]), "7\n");
    }
  },
);

rootTest("what breaks off isn't shown, in wg's words", async () => {
  using engine = new Engine(name("e"));
  for (const answer of ["interface: x\n", "interface: x\nerrno=-5\n\n"]) {
    engine.otherAnswer = answer;
    for (const args of [["show", engine.name], ["showconf", engine.name]]) {
      const { code, stdout, stderr } = await attemptWgts(args);
      assert.deepEqual([code, stdout, stderr], [
        1,
        "",
        "Unable to access interface: Protocol error\n",
      ]);
    }
  }
});

rootTest(
  "an engine that ends before it prints anything isn't taken for one that can't",
  async () => {
    using engine = new Engine(name("h"));
    engine.endsAfterRequest = true;
    const { code, stdout, stderr } = await attemptWgts(["show", engine.name]);
    assert.deepEqual([code, stdout, stderr], [
      1,
      "",
      "Unable to access interface: Protocol error\n",
    ]);
    assert.match(engine.request, /^print=show\n/);
  },
);

rootTest("an interface whose name would be more than a name in a request is read", async () => {
  for (const odd of ["a b", "a\nx=1"]) {
    using engine = new Engine(odd);
    assert.equal(await wgts(["show", odd, "listen-port"]), "7\n");
    assert.equal(engine.request, "");
  }
});

rootTest(
  "who serves an interface in the place of an engine that was killed isn't asked to print",
  async () => {
    using other = new Engine(name("f"));
    Deno.utimeSync(engineRecordPath(other.name), 0, 0);
    assert.match(await wgts(["show", other.name]), /^interface: /);
    assert.equal(await wgts(["show", other.name, "listen-port"]), "7\n");
    assert.equal(other.request, "");
  },
);

rootTest("syncconf compares a file with what an engine prints, and asks for no more", async () => {
  using engine = new Engine(name("g"));
  engine.answer = "errno=-5\n\n";
  const same = `[Peer]\nPublicKey = ${key(2)}\nAllowedIPs = 10.0.0.0/8\n`;
  engine.otherAnswer = "[Interface]\nListenPort = 7\n\n" +
    `${same}\n[Peer]\nPublicKey = ${key(3)}\n\n[Peer]\nPublicKey = ${key(4)}\nerrno=0\n\n`;
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, `${same}[Peer]\nPublicKey=${key(4)}\nPersistentKeepalive=5\n`);
    assert.equal(await wgts(["syncconf", engine.name, file]), "");
  } finally {
    await Deno.remove(file);
  }
  const settings = engine.request.split("\n").filter((line) =>
    /^(public_key|remove|pers)/.test(line)
  );
  assert.deepEqual(settings, [
    `public_key=${"03".repeat(32)}`,
    "remove=true",
    `public_key=${"04".repeat(32)}`,
    "persistent_keepalive_interval=5",
  ]);
});

rootTest("no other implementation is asked to print", async () => {
  using other = new FakeControlSocket(name("d"));
  other.answer = GET;
  assert.ok((await wgts(["show", other.name], { WG_COLOR_MODE: "always" })).includes("\x1b["));
  assert.match(await wgts(["show", other.name]), /^interface: /);
  assert.equal(await wgts(["show", other.name, "listen-port"]), "7\n");
  assert.match(await wgts(["showconf", other.name]), /^\[Interface\]/);
  assert.equal(other.request, "");
});

Deno.test("what an engine printed is wiped once it is written, or can't be", () => {
  const { writeSync } = Deno.stdout;
  try {
    for (const fails of [false, true]) {
      const parts = ["one\n", "two\n"].map((text) => new TextEncoder().encode(text));
      let written = "";
      Deno.stdout.writeSync = (bytes) => {
        if (fails) throw new Deno.errors.BrokenPipe();
        written += new TextDecoder().decode(bytes);
        return bytes.length;
      };
      if (fails) assert.throws(() => writeText(parts), Deno.errors.BrokenPipe);
      else writeText(parts);
      assert.equal(written, fails ? "" : "one\ntwo\n");
      assert.ok(parts.every(isZero));
    }
  } finally {
    Deno.stdout.writeSync = writeSync;
  }
});
