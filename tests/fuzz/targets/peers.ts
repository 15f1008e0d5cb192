import assert from "node:assert/strict";
import type { InterfaceState } from "../../../core/interface_state.ts";
import { formatShowField } from "../../../core/show/fields.ts";
import {
  DumpPrinter,
  type PeerPrinter,
  ShowconfPrinter,
} from "../../../core/show/peer_printers.ts";
import { formatShow } from "../../../core/show/pretty.ts";
import { PrettyPrinter } from "../../../core/show/pretty_printer.ts";
import { formatShowconf } from "../../../core/show/showconf.ts";
import { UapiGetReader } from "../../../core/uapi/get_reader.ts";
import { LongAnswer } from "../../../core/uapi/long_answer.ts";
import { parseUapiGet } from "../../../core/uapi/parse_get.ts";
import { SeededRandom } from "../../core/seeded_random.ts";
import { KEY_HEX, PEER_LINES } from "../../core/uapi/wrong_lines.ts";
import { mutateText, pick } from "../mutate.ts";
import type { Input, Target } from "../target.ts";
import { VALID, WRONG } from "../words.ts";
import { outcome } from "./uapi.ts";

const CONTEXT = { name: "wg0", wall: 1_700_000_000_000, publicKeyOf: () => null };
const SHOW = { wall: () => CONTEXT.wall, color: false, showKeys: true };
const WRONG_LINES = PEER_LINES.map(([line]) => line);

/** How an interface is printed, and what prints its peers when they are many. */
const WAYS: readonly [(state: InterfaceState) => string, () => PeerPrinter][] = [
  [(state) => formatShowField(state, "dump", true), () => new DumpPrinter("wg0\t")],
  [formatShowconf, () => new ShowconfPrinter()],
  [(state) => formatShow(state, SHOW), () => new PrettyPrinter(SHOW)],
];

const KEYS = ["0123456789abcdef".repeat(4), "0".repeat(64), "f".repeat(64), "1".repeat(64), KEY_HEX]
  .concat("A".repeat(64), "g".repeat(64));
const ENDPOINTS = [...VALID.endpoint, ...WRONG.endpoint];
const NUMBERS = ["0", "1", "25", "1700000000", "999999999999999", "9007199254740993", "00", ""];
/** The lines of a peer in wireguard-go's order, and their values; the first four are as usual. */
const LINES: readonly (readonly [key: string, values: readonly string[]])[] = [
  ["public_key", KEYS],
  ["preshared_key", KEYS],
  ["protocol_version", ["1", "1", "1", "1", "2"]],
  ["endpoint", ["192.0.2.1:51820", "1.2.3.4:1", "255.0.10.99:65535", "0.0.0.0:0", ...ENDPOINTS]],
  ["last_handshake_time_sec", NUMBERS],
  ["last_handshake_time_nsec", NUMBERS],
  ["tx_bytes", NUMBERS],
  ["rx_bytes", NUMBERS],
  ["persistent_keepalive_interval", ["0", "25", "9999", "1", "65535", "65536", "025", "x"]],
];
const ALLOWED_IPS = ["10.0.0.1/32", "0.0.0.0/0", "fd00::/64", "2001:db8:0:1::/128", "255.1.10.9/8"]
  .concat(VALID.prefix.filter((prefix) => prefix.includes("/")));
const ODD_ALLOWED_IPS = [
  ...VALID.prefix,
  ...WRONG.prefix,
  "256.0.0.1/32",
  "10.0.0.1/33",
  "1:2:3:4:5:6::7/128",
]
  .concat(
    "fd00:0::/16",
    "fd00::0/16",
    "fd00:::/16",
    "fd00::1::/16",
    "1:2:3:4:5:6:7:8/128",
    "10.0.0.01/8",
  );

/** The lines of a peer, of which `odd` percent aren't as they should be. */
function peerLines(random: SeededRandom, odd: number): string[] {
  const lines = LINES
    .filter(([key]) => random.chance(key === "endpoint" ? 50 : 100 - odd / 5))
    .map(([key, values]) => {
      const value = pick(random, random.chance(odd) ? values : values.slice(0, 4));
      return `${key}=${value}`;
    });
  for (let count = random.below(5); count > 0; count--) {
    lines.push(`allowed_ip=${pick(random, random.chance(odd) ? ODD_ALLOWED_IPS : ALLOWED_IPS)}`);
  }
  if (random.chance(odd)) {
    lines.splice(random.below(lines.length + 1), 0, pick(random, WRONG_LINES));
  }
  return lines;
}

/**
 * Answers to a `get` with peers as they come from an engine, and nearly so: they are printed as they
 * stand.
 */
export const uapiPeers: Target = {
  name: "uapi-peers",
  sources: [
    "core/show/peer_printers.ts",
    "core/show/pretty_printer.ts",
    "core/ascii_text.ts",
    "core/uapi/long_answer.ts",
    "core/uapi/usual_peer.ts",
  ],
  generate(random: SeededRandom): string {
    const head = pick(random, [[], ["listen_port=1"], [`own_public_key=${KEY_HEX}`]]);
    const odd = pick(random, [0, 1, 5, 30]);
    const peers = Array.from({ length: random.below(6) }, () => peerLines(random, odd)).flat();
    const end = random.chance(95) ? "errno=0" : pick(random, ["errno=-5", "errno=x", ""]);
    const text = [...head, ...peers, end, "", ""].join("\n");
    return random.chance(80) ? text : mutateText(random, text, WRONG_LINES);
  },
  run(input: Input): boolean {
    assert(typeof input === "string");
    let isRead = false;
    for (const [print, printer] of WAYS) {
      const wanted: string = outcome(() => print(parseUapiGet(input, CONTEXT)));
      assert.equal(outcome(() => printComing(input, print, printer())), wanted);
      isRead = wanted.startsWith("wg0") || wanted.startsWith("[") || wanted.startsWith("interface");
    }
    return isRead;
  },
};

/** What is printed of an answer that comes in parts. */
function printComing(
  text: string,
  print: (state: InterfaceState) => string,
  printer: PeerPrinter,
): string {
  const random = new SeededRandom(text.length);
  const answer = new LongAnswer(new UapiGetReader(CONTEXT), printer);
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) {
    const size = 1 + random.below(random.chance(20) ? 3 : 700);
    answer.push(bytes.subarray(at, at + size));
    at += size;
  }
  const state = answer.finish();
  const peers = printer.finish();
  const printed = print(state) + new TextDecoder().decode(peers.toBytes());
  peers.wipe();
  return printed;
}
