import assert from "node:assert/strict";
import { engineOption, splitEngineOptions } from "../../../cli/engine/engine_options.ts";
import { parseOffload } from "../../../cli/engine/offload_option.ts";
import { parseThreads } from "../../../cli/engine/threads_option.ts";

const MAIN = new URL("../../../cli/main.ts", import.meta.url).pathname;

function split(args: string[], environment: Record<string, string> = {}) {
  return splitEngineOptions(args, (variable) => environment[variable]);
}

Deno.test("the engine's options are taken out of a command's arguments, in both spellings", () => {
  for (const args of [["--offload=tun,udp-gro"], ["--offload", "tun,udp-gro"]]) {
    assert.deepEqual(split(["-f", ...args, "wg0"]), {
      rest: ["-f", "wg0"],
      engine: ["--offload=tun,udp-gro"],
    });
  }
  assert.deepEqual(split(["wg0", "--strict"]), { rest: ["wg0", "--strict"], engine: [] });
  assert.deepEqual(split(["--", "--offload=off"]), {
    rest: ["--", "--offload=off"],
    engine: [],
  });
});

Deno.test("the environment sets the engine's options, the arguments win, the last one most", () => {
  const environment = { WGTS_OFFLOAD: "off" };
  assert.deepEqual(split(["wg0"], environment).engine, ["--offload=off"]);
  const args = ["--offload=off", "--offload=auto", "wg0"];
  assert.deepEqual(split(args, environment), { rest: ["wg0"], engine: ["--offload=auto"] });
  assert.deepEqual(split(["wg0"], { WGTS_OFFLOAD: "" }).engine, []);
});

Deno.test("what the engine is passed on is what it reads", () => {
  const { engine } = split(["--offload", "tun", "wg0"]);
  assert.equal(engineOption(["wg0", "--log=stderr", ...engine], "--offload"), "tun");
  assert.equal(engineOption(["wg0"], "--offload"), undefined);
});

Deno.test("--offload has a word for all, one for none, and a list", () => {
  assert.deepEqual(parseOffload("auto"), { tun: true, udpGso: true, udpGro: true });
  assert.deepEqual(parseOffload("off"), { tun: false, udpGso: false, udpGro: false });
  assert.deepEqual(parseOffload("tun"), { tun: true, udpGso: false, udpGro: false });
  assert.deepEqual(parseOffload("udp-gro,udp-gso"), { tun: false, udpGso: true, udpGro: true });
  for (const bad of ["", "on", "tun,", "tun, udp-gso", "auto,tun", "TUN", "off,off", "__proto__"]) {
    assert.equal(parseOffload(bad), null, bad);
  }
});

Deno.test("--threads is a number within limits", () => {
  assert.equal(parseThreads("1"), 1);
  assert.equal(parseThreads("16"), 16);
  for (const bad of ["", "0", "17", "-1", "+2", "2.0", "1e1", "0x2", " 2", "002", "auto"]) {
    assert.equal(parseThreads(bad), null, bad);
  }
  assert.deepEqual(split(["wg0", "--threads", "2"], { WGTS_THREADS: "3" }), {
    rest: ["wg0"],
    engine: ["--threads=2"],
  });
  assert.throws(
    () => split(["--threads=0"]),
    /^Error: Cannot use --threads=0: expected a number from 1 to 16$/,
  );
});

for (const command of ["run", "up"]) {
  for (const how of ["option", "environment"] as const) {
    Deno.test(`${command} with a bad offload by ${how} says so in one line, and does nothing`, async () => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--quiet", MAIN, command]
          .concat(how === "option" ? "--offload=fast" : [], "wgbadopt0"),
        env: how === "environment" ? { WGTS_OFFLOAD: "fast" } : {},
        stdin: "null",
      }).output();
      const decoder = new TextDecoder();
      assert.equal(code, 1);
      assert.equal(decoder.decode(stdout), "");
      const name = how === "option" ? "--offload" : "WGTS_OFFLOAD";
      assert.equal(
        decoder.decode(stderr),
        `wgts: Cannot use ${name}=fast: expected "auto", "off", or a list of "tun", "udp-gso" and ` +
          `"udp-gro" with commas\n`,
      );
      await assert.rejects(Deno.stat("/sys/class/net/wgbadopt0"), Deno.errors.NotFound);
    });
  }
}
