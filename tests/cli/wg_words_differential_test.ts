/** Whatever the real `wg` says of a config, word for word, is what is said here. */
import "../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { portNow, resolveNow } from "../../cli/system/wg_resolver.ts";
import { decodeConfigText, encodeConfigText } from "../../core/config/text.ts";
import { parseWgSet } from "../../core/wg/arguments.ts";
import { parseWgFile } from "../../core/wg/config.ts";
import { WgError } from "../../core/wg/error.ts";
import { INTERFACE, INTERFACE_LINES, KEY, PEER, PEER_LINES } from "./config_cases.ts";
import { wgTest } from "./wg_oracle.ts";

/** The end of what `wg` says of a config that it accepts, since there is no such interface. */
const NO_INTERFACE = /Unable to modify interface: .*\n$/;

/** Runs `wg` where no name can be looked up, and gives what it says of its arguments. */
function wordsOfWg(args: string[]): string {
  const { stderr } = new Deno.Command("unshare", {
    args: ["--net", "wg", ...args],
    env: { WG_ENDPOINT_RESOLUTION_RETRIES: "0" },
    stdout: "null",
  }).outputSync();
  return decodeConfigText(stderr).replace(NO_INTERFACE, "");
}

/** What is said here while `parse` reads something. */
function wordsOf(parse: (surroundings: Parameters<typeof parseWgSet>[1]) => void): string {
  let words = "";
  const print = (line: string) => {
    words += `${line}\n`;
  };
  try {
    parse({
      resolve: (host, service, text) => resolveNow(host, service, text, { retries: "0", print }),
      port: (service) => portNow(service, {}),
      warn: print,
      readKey: () => new Uint8Array(32),
    });
  } catch (error) {
    assert.ok(error instanceof WgError, String(error));
    print(error.message);
  }
  return words;
}

/** Names that a resolver may know differently in another network namespace. */
const NAME_ERROR =
  /^(Temporary failure in name resolution|Name or service not known|System error|No address associated with hostname)/;

/** Compares what is said of a file. */
function compareFile(text: string, path: string): void {
  const bytes = encodeConfigText(text);
  Deno.writeFileSync(path, bytes);
  const theirs = wordsOfWg(["setconf", "nonexist0", path]);
  const ours = wordsOf((surroundings) =>
    parseWgFile(decodeConfigText(bytes), "replace", surroundings)
  );
  compareWords(ours, theirs, text);
}

function compareWords(ours: string, theirs: string, input: string): void {
  if (NAME_ERROR.test(theirs) && NAME_ERROR.test(ours)) return;
  // Secrets aren't repeated here.
  const shown = ours.includes("(hidden)")
    ? theirs.replace(/`(?:[^=']*=)?[^']*'/, /`.*'/.exec(ours)?.[0] ?? "")
    : theirs;
  assert.equal(ours, shown, JSON.stringify(input));
}

function withFile(body: (path: string) => void): void {
  const path = Deno.makeTempFileSync({ prefix: "wgts-test-" });
  try {
    body(path);
  } finally {
    Deno.removeSync(path);
  }
}

const needs = { root: true, program: "unshare" };

wgTest("of every kind of line the same is said as by wg", needs, () => {
  const lines = [
    ...INTERFACE_LINES.map((line) => INTERFACE + line.replace(/^!/, "")),
    ...PEER_LINES.map((line) => PEER + line.replace(/^!/, "")),
    ...["x", "\ufeff[Interface]", "[Peer]", "[Interface]\0x\nx\0y", "[Interface]\n\udcff=\udcfe"],
    ...[`${PEER}AllowedIPs = 10.0.0.1/8,fd00::1/064,10.0.0.1/33`, `${PEER}Endpoint = [::1`],
  ];
  // Signs are accepted since 1.0.20250521.
  const old = lines.filter((line) => !/allowedips\s*=.*[+-]/i.test(line));
  withFile((path) => old.forEach((line) => compareFile(`${line}\n`, path)));
});

wgTest("of random files the same is said as by wg", needs, () => {
  const name = fc.constantFrom(
    ...["PrivateKey", "listenport", "FwMark", "PublicKey", "PresharedKey", "AllowedIPs"],
    ...["Endpoint", "PersistentKeepalive", "x", ""],
  );
  const value = fc.oneof(
    fc.constantFrom(KEY, "off", "0x1f", "1", "65536", "::1/128, 10.0.0.1/24", "192.0.2.1:1"),
    fc.constantFrom("[fe80::1%lo]:1", "::1:1", "[::1:1", "10.0.0.0/", "010.0.0.0/8", "", " ", "#"),
    fc.string({ unit: fc.constantFrom(..."0123456789abcdefx.:/,[]% \t#=") }),
  );
  const line = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom("[Interface]", "[Peer]", "", "# x", "[peer") },
    { weight: 6, arbitrary: fc.tuple(name, value).map(([name, value]) => `${name} = ${value}`) },
    { weight: 1, arbitrary: fc.string({ maxLength: 10 }) },
  );
  const file = fc.array(line, { maxLength: 8 }).map((lines) => lines.join("\n"));
  withFile((path) =>
    fc.assert(fc.property(file, (text) => compareFile(text, path)), { numRuns: 500 })
  );
});

wgTest("of random arguments of set the same is said as by wg", needs, () => {
  const word = fc.oneof(
    fc.constantFrom("listen-port", "fwmark", "peer", "endpoint", "allowed-ips", "remove"),
    fc.constantFrom("persistent-keepalive", KEY, "x", "", "off", "1", "65536", "0x10", " 1"),
    fc.constantFrom("192.0.2.1:1", "[::1]:domain", "::1/ 128", "10.0.0.1/8, 10.0.0.0/33", ","),
    fc.constantFrom(["peer", KEY], ["listen-port", "-1"], ["persistent-keepalive", "-1"]),
  );
  const args = fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.flat());
  fc.assert(
    fc.property(args, (args) => {
      const theirs = wordsOfWg(["set", "nonexist0", ...args]);
      const ours = wordsOf((surroundings) => parseWgSet(args, surroundings));
      compareWords(ours, theirs, args.join("\n"));
    }),
    { numRuns: 500 },
  );
});
