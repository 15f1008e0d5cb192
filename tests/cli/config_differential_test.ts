/** A config is accepted or rejected exactly as by the real `wg` and wg-quick, but for a table of reasons. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigError } from "../../core/config/error.ts";
import { parseQuickConfig } from "../../core/config/quick.ts";
import { parseWgConfig } from "../../core/config/wg.ts";
import {
  DIFFERENCES,
  INTERFACE,
  INTERFACE_LINES,
  isExcused,
  KEY,
  OTHER_KEY,
  PEER,
  PEER_LINES,
  QUICK_DIFFERENCES,
  QUICK_LINES,
} from "./config_cases.ts";
import { quickVerdict, type Verdict, wgVerdict } from "./config_oracle.ts";
import { WG_VERSION, wgTest } from "./wg_oracle.ts";

/** The services that the tests use, as /etc/services has them. */
const servicePort = (name: string) =>
  new Map([["domain", 53], ["openvpn", 1194]]).get(name) ?? null;

/** Our verdict: the message of the error, or null. */
function complaint(parse: typeof parseWgConfig, text: string): string | null {
  try {
    parse(text, "test.conf", { servicePort });
    return null;
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.match(error.message, /^test\.conf:[1-9][0-9]*: [^\n\r]+$/);
    return error.message;
  }
}

function checkLine(
  before: string,
  line: string,
  parse: typeof parseWgConfig,
  oracle: Oracle,
): void {
  const rejected = line.startsWith("!");
  const text = before + (rejected ? line.slice(1) : line) + "\n";
  const ours = complaint(parse, text);
  assert.equal(ours !== null, rejected, `${JSON.stringify(line)}: ${ours ?? "accepted"}`);
  const theirs = oracle(text);
  assert.ok(agree(ours, theirs), `${JSON.stringify(line)}: ${ours ?? "accepted"}, wg: ${theirs}`);
}

type Oracle = (text: string) => Verdict;

function agree(ours: string | null, theirs: Verdict): boolean {
  return theirs === "unresolved" || (ours === null) === (theirs === "accepted");
}

/** Runs `body` with oracles that keep their files in a directory of their own. */
function withOracles(body: (wg: Oracle, quick: Oracle) => void): void {
  const directory = Deno.makeTempDirSync({ prefix: "wgts-test-" });
  try {
    body((text) => wgVerdict(text, directory), (text) => quickVerdict(text, directory));
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

wgTest("parseWgConfig accepts what wg setconf accepts, line by line", { root: true }, () => {
  withOracles((wg) => {
    for (const line of INTERFACE_LINES) checkLine(INTERFACE, line, parseWgConfig, wg);
    for (const line of PEER_LINES) checkLine(PEER, line, parseWgConfig, wg);
    for (const text of ["", "\n", "# nothing\n", "[Interface]\n", "!ListenPort = 1\n", "!x\n"]) {
      checkLine("", text, parseWgConfig, wg);
    }
  });
});

wgTest("parseQuickConfig accepts what wg-quick and wg accept, line by line", { root: true }, () => {
  withOracles((_, quick) => {
    for (const line of QUICK_LINES) checkLine(INTERFACE, line, parseQuickConfig, quick);
  });
});

wgTest("the intended differences from wg exist, and are only these", { root: true }, () => {
  withOracles((wg) => {
    for (const { pattern, ours, examples, reason, until = Infinity } of DIFFERENCES) {
      if (WG_VERSION !== null && WG_VERSION >= until) continue;
      for (const text of examples) {
        assert.ok(isExcused(text), `${pattern} excuses ${text}`);
        assert.equal(complaint(parseWgConfig, text) === null, ours === "accepted", reason);
        assert.equal(wg(text) === "accepted", ours === "rejected", `no difference: ${reason}`);
      }
    }
  });
});

wgTest("the intended differences from wg-quick exist", { root: true }, () => {
  withOracles((_, quick) => {
    for (const { ours, examples, reason } of QUICK_DIFFERENCES) {
      for (const line of examples) {
        const text = `${INTERFACE}${line}\n`;
        assert.equal(complaint(parseQuickConfig, text) === null, ours === "accepted", line);
        assert.equal(quick(text) === "accepted", ours === "rejected", `${line}: ${reason}`);
      }
    }
  });
});

wgTest("parseWgConfig and wg setconf agree on random configs", { root: true }, () => {
  const slips = [
    "",
    " ",
    "\t",
    ".",
    ":",
    ",",
    "/",
    "-",
    "+",
    "0",
    "1",
    "9",
    "f",
    "x",
    "[",
    "]",
    "%",
  ];
  const endings = ["\n", "\r\n", " # why\n", "\n\n", " #\n\t\n"];
  /** One valid line, mostly; else with one character removed, added or replaced. */
  const line = fc.tuple(
    fc.constantFrom(
      ...[...INTERFACE_LINES, ...PEER_LINES, "[Interface]", "[Peer]", `PublicKey = ${OTHER_KEY}`]
        .filter((line) => !line.startsWith("!")),
    ),
    fc.option(
      fc.tuple(fc.nat(200), fc.integer({ min: 0, max: 1 }), fc.constantFrom(...slips)),
      { nil: null, freq: 2 },
    ),
    fc.constantFrom(...endings),
  ).map(([text, slip, ending]) => {
    if (slip === null) return text + ending;
    const at = slip[0] % (text.length + 1);
    return text.slice(0, at) + slip[2] + text.slice(at + slip[1]) + ending;
  });
  const peer = fc.array(
    fc.constantFrom(...PEER_LINES.filter((line) => !line.startsWith("!"))),
    { maxLength: 3 },
  ).map((lines) => `[Peer]\nPublicKey=${KEY}\n${lines.join("\n")}\n`);
  const config = fc.tuple(
    fc.constantFrom("", INTERFACE, PEER),
    fc.array(fc.oneof({ weight: 4, arbitrary: line }, { weight: 1, arbitrary: peer }), {
      maxLength: 4,
    }),
  ).map(([start, lines]) => start + lines.join(""));
  withOracles((wg) => {
    let rejected = 0, total = 0;
    fc.assert(
      fc.property(config, (text) => {
        const ours = complaint(parseWgConfig, text);
        total++;
        if (ours !== null) rejected++;
        if (isExcused(text)) return;
        const theirs = wg(text);
        assert.ok(agree(ours, theirs), `${ours ?? "accepted"}, wg: ${theirs}`);
      }),
      { numRuns: 500 },
    );
    // The generator must not have become one-sided.
    assert.ok(rejected > total / 10 && rejected < total * 9 / 10, `${rejected} of ${total}`);
  });
});
