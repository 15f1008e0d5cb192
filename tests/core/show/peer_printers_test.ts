import assert from "node:assert/strict";
import type { InterfaceState, PeerState } from "../../../core/interface_state.ts";
import { formatShowField } from "../../../core/show/fields.ts";
import {
  DumpPrinter,
  type PeerPrinter,
  ShowconfPrinter,
} from "../../../core/show/peer_printers.ts";
import { formatShow } from "../../../core/show/pretty.ts";
import { PrettyPrinter } from "../../../core/show/pretty_printer.ts";
import { formatShowconf } from "../../../core/show/showconf.ts";
import { isZero } from "../../../core/memory.ts";
import { UapiGetReader } from "../../../core/uapi/get_reader.ts";
import { LongAnswer } from "../../../core/uapi/long_answer.ts";
import { parseUapiGet } from "../../../core/uapi/parse_get.ts";
import { SeededRandom } from "../seeded_random.ts";
import { CopiesOfTexts } from "../copies_of_texts.ts";
import { PEER_LINES } from "../uapi/wrong_lines.ts";

const CONTEXT = { name: "wg0", wall: 1_700_000_000_000, publicKeyOf: () => null };

/** A way to print an interface, and what prints its peers if they are many. */
interface Way {
  readonly print: (state: InterfaceState) => string;
  readonly printer: () => PeerPrinter;
}

function pretty(showKeys: boolean): Way {
  const options = { wall: () => CONTEXT.wall, color: false, showKeys };
  return {
    print: (state) => formatShow(state, options),
    printer: () => new PrettyPrinter(options),
  };
}

const WAYS = {
  "dump": {
    print: (state) => formatShowField(state, "dump", true),
    printer: () => new DumpPrinter("wg0\t"),
  },
  "showconf": { print: formatShowconf, printer: () => new ShowconfPrinter() },
  "show": pretty(false),
  "show with keys": pretty(true),
} as const satisfies Record<string, Way>;

type Kind = keyof typeof WAYS;
const KINDS = Object.keys(WAYS) as Kind[];

/** What is printed of an answer from its state. */
function printState(kind: Kind, text: string): string {
  return WAYS[kind].print(parseUapiGet(text, CONTEXT));
}

/** What is printed of an answer that comes in parts, and how many peers the reader had to read. */
function print(
  kind: Kind,
  text: string,
  sizeOfPart: () => number,
): { text: string; others: number } {
  const printer: PeerPrinter = WAYS[kind].printer();
  let others = 0;
  const answer = new LongAnswer(new UapiGetReader(CONTEXT), {
    usual: (bytes, peer) => printer.usual(bytes, peer),
    other(peer: PeerState) {
      others++;
      printer.other(peer);
    },
  });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) {
    const size = sizeOfPart();
    // It may be overwritten as soon as it was taken.
    const part = bytes.slice(at, at + size);
    answer.push(part);
    part.fill(0x2e);
    at += size;
  }
  const state = answer.finish();
  assert.deepEqual(state.peers, []);
  const peers = printer.finish();
  const printed = WAYS[kind].print(state) + new TextDecoder().decode(peers.toBytes());
  peers.wipe();
  return { text: printed, others };
}

function outcome(read: () => string): string {
  try {
    return read();
  } catch (error) {
    return String(error);
  }
}

const random = new SeededRandom(7);

function hexKey(): string {
  if (random.chance(20)) return "0".repeat(64);
  return Array.from({ length: 64 }, () => random.below(16).toString(16)).join("");
}

function pick<T>(...items: readonly T[]): T {
  const item = items[random.below(items.length)];
  assert(item !== undefined);
  return item;
}

const USUAL_IPS = [
  "0.0.0.0/0",
  "10.1.2.3/32",
  "255.255.255.255/8",
  "fd00::/64",
  "fd00:1:2::/48",
  "2001:db8::1/128",
  "fd00:0:1::5:0:1/0",
];
const OTHER_IPS = ["::/0", "::ffff:1.2.3.4/128", "1:2:3:4:5:6:7:8/128", "fd00:0::0:1/9", "FD00::/8"]
  .concat(["fd00::1:0:0:1/128", "1:2:3:4:5:6::8/128", "0:1::/16", "1::0/16", "10.0.0.1/032"]);

function peerLines(unusual: boolean): string[] {
  const count = random.chance(5) ? 200 : random.below(4);
  const number = () => String(pick(0, 1, random.below(1e9), 2 ** 45));
  const lines = [
    `public_key=${hexKey()}`,
    `preshared_key=${hexKey()}`,
    "protocol_version=1",
    ...(random.chance(50) ? [] : [`endpoint=${pick("1.2.3.4:5", "255.0.10.99:65535")}`]),
    `last_handshake_time_sec=${number()}`,
    `last_handshake_time_nsec=${number()}`,
    `tx_bytes=${number()}`,
    `rx_bytes=${number()}`,
    `persistent_keepalive_interval=${pick("0", "25", "9999")}`,
    ...Array.from({ length: count }, () => `allowed_ip=${pick(...USUAL_IPS)}`),
  ];
  if (!unusual) return lines;
  const at = 1 + random.below(lines.length);
  const line = pick(
    "unknown=1",
    "endpoint=[fe80::1%eth0]:1",
    "endpoint=[2001:db8::1]:51820",
    "rx_bytes=007",
    "tx_bytes=9007199254740993",
    "persistent_keepalive_interval=65535",
    "persistent_keepalive_interval=010",
    `preshared_key=${hexKey().toUpperCase()}`,
    `allowed_ip=${pick(...OTHER_IPS)}`,
  );
  lines.splice(at, random.below(2), line);
  return lines;
}

/** An answer; `percent` of its peers are unusual. */
function randomAnswer(percent: number): string {
  const lines = [`private_key=${hexKey()}`, "listen_port=51820"];
  for (let peers = random.below(30); peers > 0; peers--) {
    lines.push(...peerLines(random.chance(percent)));
  }
  return `${lines.join("\n")}\nerrno=0\n\n`;
}

for (const kind of KINDS) {
  Deno.test(`${kind} prints usual peers byte for byte as it prints their states`, () => {
    for (let run = 0; run < 200; run++) {
      const text = randomAnswer(0);
      const printed = print(kind, text, () => 1 + random.below(pick(3, 5000)));
      assert.equal(printed.text, printState(kind, text));
      assert.equal(printed.others, 0);
    }
  });

  Deno.test(`${kind} prints peers of any kind in their order`, () => {
    for (let run = 0; run < 1000; run++) {
      const text = randomAnswer(pick(5, 50, 100));
      const printed = print(kind, text, () => 1 + random.below(pick(3, 100, 5000)));
      assert.equal(printed.text, printState(kind, text));
    }
  });

  Deno.test(`${kind} of a long answer fails as that of a short one does`, () => {
    const good = randomAnswer(10).split("\n");
    const wrong = PEER_LINES.map(([line]) => line).concat(
      "no equals sign",
      "errno=5",
      "errno=x",
      "",
    );
    for (const line of wrong) {
      for (let run = 0; run < 20; run++) {
        const lines = good.toSpliced(1 + random.below(good.length - 2), random.below(2), line);
        const text = lines.join("\n");
        const size = () => 1 + random.below(500);
        const wanted = outcome(() => printState(kind, text));
        assert.equal(outcome(() => print(kind, text, size).text), wanted, line);
      }
    }
  });
}

Deno.test("handshakes that are told by their age are printed as times", () => {
  const peer = peerLines(false).join("\n");
  const text = `own_public_key=${"1".repeat(64)}\n${peer}\n${peer}\nerrno=0\n\n`;
  const printed = print("dump", text, () => 50);
  assert.equal(printed.text, printState("dump", text));
  assert.equal(printed.others, 2);
});

Deno.test("a peer with very many allowed IPs is printed with all of them", () => {
  const ips = Array.from(
    { length: 40_000 },
    (_, i) => `allowed_ip=10.${i >> 16}.${i >> 8 & 255}.${i & 255}/32`,
  );
  const text = [...peerLines(false).slice(0, -1), ...ips, "errno=0", "", ""].join("\n");
  assert.equal(print("dump", text, () => 4096).text, printState("dump", text));
});

Deno.test("what is sorted to be shown is wiped, and so is what was printed", () => {
  const keys = ["1", "2"].map((digit) => digit.repeat(64));
  const [older = "", newer = ""] = keys.map((key, i) =>
    peerLines(false).map((line) =>
      line
        .replace(/^preshared_key=.*/, `preshared_key=${key}`)
        .replace(/^(last_handshake_time_sec)=.*/, `$1=${1 + i}`)
    ).join("\n")
  );
  const text = `${older}\n${newer}\nerrno=0\n\n`;
  const printer = new PrettyPrinter({ wall: () => CONTEXT.wall, color: false, showKeys: true });
  using copies = new CopiesOfTexts();
  const answer = new LongAnswer(new UapiGetReader(CONTEXT), printer);
  answer.push(new TextEncoder().encode(text));
  answer.finish();
  const printed = printer.finish();
  const parts = [...printed.parts()].filter((part) => part.length > 0);
  const decoder = new TextDecoder();
  assert.match(parts.map((part) => decoder.decode(part)).join(""), /IiIiI[^]*ERERE/);
  assert.ok(copies.all.length > 0);
  for (const copy of copies.all) assert.ok(isZero(copy));
  printed.wipe();
  for (const part of parts) assert.ok(isZero(part));
});
