/** `wg-quick strip` prints what the real one prints, byte for byte. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { stripQuickConfig } from "../../core/config/strip.ts";
import { INTERFACE_LINES, PEER_LINES, QUICK_LINES } from "./config_cases.ts";
import { runProgram, wgTest } from "./wg_oracle.ts";

const latin1 = {
  encode: (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0)),
  decode: (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""),
};

/** What the real one prints for the config `text`, a character for each byte, or complains of. */
function realStrip(text: string, directory: string): string {
  const path = `${directory}/strip.conf`;
  Deno.writeFileSync(path, latin1.encode(text), { mode: 0o600 });
  const { stdout, stderr } = new Deno.Command("wg-quick", { args: ["strip", path] }).outputSync();
  return latin1.decode(stdout) + latin1.decode(stderr);
}

function ourStrip(text: string): string {
  try {
    return stripQuickConfig(text);
  } catch (error) {
    assert.ok(error instanceof Error);
    return `wg-quick: ${error.message}\n`;
  }
}

const line = fc.oneof(
  fc.constantFrom(...INTERFACE_LINES, ...PEER_LINES, ...QUICK_LINES).map((line) =>
    latin1.decode(new TextEncoder().encode(line))
  ),
  fc.tuple(
    fc.constantFrom("", " ", "\t ", "\r", "\v", "\0", "#", "ä", "\xff"),
    fc.constantFrom(
      "[Interface]",
      "[interface]x",
      "[ Interface ]",
      "[Peer]",
      "[",
      "Address",
      "mtu",
    ),
    fc.constantFrom("", "=", " = ", "\t=\r", "==", "#=", " = true", "=10.0.0.1/8 # home", "\\"),
    fc.constantFrom("", " ", "\r", "#", "\t\f"),
  ).map((parts) => parts.join("")),
  fc.tuple(
    fc.constantFrom("SaveConfig", "saveconfig ", "PostUp", "Pre Down", "Table\v", "DNS\0"),
    fc.constantFrom("", "=", "= true", "= FALSE\r", " = yes", " = true#", "=true=", "=\\"),
  ).map((parts) => parts.join("")),
);
const config = fc.tuple(
  fc.array(line, { maxLength: 12 }),
  fc.constantFrom("", "[Interface]\n", "[Interface]\r\n", "\n"),
  fc.constantFrom("", "\n", "\n\n", "\n  ", "\r\n"),
).map(([lines, start, end]) => start + lines.join("\n") + end);

wgTest("strip prints what the real one prints", { root: true, program: "wg-quick" }, () => {
  const directory = Deno.makeTempDirSync();
  Deno.chmodSync(directory, 0o700);
  try {
    assert.equal(runProgram("wg-quick", ["strip", "x/y"]).code, 1);
    fc.assert(
      fc.property(config, (text) => {
        assert.equal(ourStrip(text), realStrip(text, directory));
      }),
      { numRuns: 300 },
    );
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

wgTest("strip is a command of wgts' own, too", { root: true, program: "wg-quick" }, async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/strip.conf`;
    const text = `# Alice\n[Interface]\nAddress = 10.0.0.1/24\nListenPort = 1\n[Peer]\n`;
    await Deno.writeTextFile(path, text, { mode: 0o600 });
    const main = new URL("../../cli/main.ts", import.meta.url).pathname;
    const run = async (...args: string[]) =>
      new TextDecoder().decode(
        (await new Deno.Command(Deno.execPath(), { args: ["run", "-A", "-q", main, ...args] })
          .output()).stdout,
      );
    assert.equal(await run("strip", path), realStrip(text, directory));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
