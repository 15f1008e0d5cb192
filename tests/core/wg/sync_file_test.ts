import assert from "node:assert/strict";
import { formatShowconf } from "../../../core/show/showconf.ts";
import { formatUapiChange } from "../../../core/uapi/change_request.ts";
import { UapiGetReader } from "../../../core/uapi/get_reader.ts";
import { parseUapiGet } from "../../../core/uapi/parse_get.ts";
import { LongAnswer } from "../../../core/uapi/long_answer.ts";
import { parseWgFile } from "../../../core/wg/config.ts";
import { WgError } from "../../../core/wg/error.ts";
import { isZero } from "../../../core/memory.ts";
import { PeerSections } from "../../../core/wg/peer_sections.ts";
import { PrintedSections } from "../../../core/wg/printed_sections.ts";
import { publicKeyHash, SectionTable } from "../../../core/wg/section_table.ts";
import { syncFile } from "../../../core/wg/sync_file.ts";
import { syncChange } from "../../../core/wg/syncconf.ts";
import { SeededRandom } from "../seeded_random.ts";
import { TestSurroundings } from "./surroundings.ts";

const CONTEXT = { name: "wg0", wall: 1_700_000_000_000, publicKeyOf: () => null };

/** What a command did: its request, or what it complained of; its warnings and its lookups. */
interface Outcome {
  readonly request: string;
  readonly warnings: readonly string[];
  readonly lookups: readonly (readonly [string, string])[];
}

function outcomeOf(sync: (surroundings: TestSurroundings) => string): Outcome {
  const surroundings = new TestSurroundings();
  let request: string;
  try {
    request = sync(surroundings);
  } catch (error) {
    if (!(error instanceof WgError)) throw error;
    request = error.message;
  }
  return { request, warnings: surroundings.warnings, lookups: surroundings.lookups };
}

/** The request that makes a change, removed peers in the order of their public keys. */
function requestOf(change: Parameters<typeof formatUapiChange>[0]): string {
  const decoder = new TextDecoder();
  const request = Array.from(formatUapiChange(change), (chunk) => decoder.decode(chunk)).join("");
  const [head = "", ...peers] = request.trimEnd().split(/\n(?=public_key)/);
  const removed = peers.filter((peer) => peer.endsWith("\nremove=true"));
  return [head, ...removed.sort(), ...peers.filter((peer) => !removed.includes(peer))].join("\n");
}

/** As `wg` compares: all of the file with all that runs. */
function compareAll(file: string, answer: string): Outcome {
  return outcomeOf((surroundings) =>
    requestOf(syncChange(parseWgFile(file, "replace", surroundings), parseUapiGet(answer, CONTEXT)))
  );
}

/**
 * As they are compared while the answer comes, and how many sections were never read; null for an odd
 * file.
 */
function compareComing(file: string, answer: string): Outcome & { readonly same: number } | null {
  const sections = new PeerSections(new TextEncoder().encode(file));
  if (!sections.isPlain) return null;
  const long = new LongAnswer(new UapiGetReader(CONTEXT), sections);
  const bytes = new TextEncoder().encode(answer);
  for (let at = 0; at < bytes.length; at += 700) long.push(bytes.subarray(at, at + 700));
  long.finish();
  const outcome = outcomeOf((surroundings) => requestOf(syncFile(sections, surroundings)));
  return { ...outcome, same: sections.sameCount };
}

/** As they are compared with what an engine prints; null for an odd file. */
function comparePrinted(file: string, answer: string): Outcome & { readonly same: number } | null {
  const sections = PrintedSections.read(new TextEncoder().encode(file));
  if (sections?.compare(formatShowconf(parseUapiGet(answer, CONTEXT))) !== true) return null;
  const outcome = outcomeOf((surroundings) => requestOf(syncFile(sections, surroundings)));
  return { ...outcome, same: sections.sameCount };
}

const random = new SeededRandom(11);

function pick<T>(...items: readonly T[]): T {
  const item = items[random.below(items.length)];
  assert(item !== undefined);
  return item;
}

/** A peer as a file and as an answer may say it. */
interface Peer {
  key: string;
  presharedKey: string;
  endpoint: string;
  keepalive: number;
  allowedIps: string[];
}

function key(): string {
  const bytes = new Uint8Array(32);
  random.fill(bytes);
  return bytes.toHex();
}

const ZERO = "0".repeat(64);
const allowedIp = () =>
  pick(`10.${random.below(3)}.0.${random.below(4)}/32`, `fd00:${random.below(9)}::/48`, "::/0");

function randomPeer(): Peer {
  return {
    key: key(),
    presharedKey: random.chance(50) ? ZERO : key(),
    endpoint: random.chance(50)
      ? ""
      : pick("192.0.2.1:51820", "198.51.100.255:1", "[2001:db8::1]:5"),
    keepalive: pick(0, 0, 25, 65535),
    allowedIps: [...new Set(Array.from({ length: random.below(4) }, allowedIp))],
  };
}

/** No two of what runs have an allowed IP in common. */
function randomPeers(): Peer[] {
  const taken = new Set<string>();
  const peers = Array.from({ length: random.below(12) }, randomPeer);
  for (const peer of peers) {
    peer.allowedIps = peer.allowedIps.filter((ip) => !taken.has(ip));
    for (const ip of peer.allowedIps) taken.add(ip);
  }
  return peers;
}

function answerOf(peers: readonly Peer[]): string {
  const lines = peers.flatMap((peer) => [
    `public_key=${peer.key}`,
    `preshared_key=${peer.presharedKey}`,
    "protocol_version=1",
    ...(peer.endpoint === "" ? [] : [`endpoint=${peer.endpoint}`]),
    "last_handshake_time_sec=0",
    "last_handshake_time_nsec=0",
    "tx_bytes=0",
    "rx_bytes=0",
    `persistent_keepalive_interval=${peer.keepalive}`,
    ...peer.allowedIps.map((ip) => `allowed_ip=${ip}`),
  ]);
  return ["private_key=" + "1".repeat(64), ...lines, "errno=0", "", ""].join("\n");
}

const base64 = (hex: string) => Uint8Array.fromHex(hex).toBase64();

/** Some other peer, which differs in one thing. */
function altered(peer: Peer): Peer {
  return pick<() => Peer>(
    () => ({ ...peer, key: key() }),
    () => ({ ...peer, presharedKey: pick(key(), ZERO) }),
    () => ({ ...peer, endpoint: pick("", "192.0.2.1:51821", "host:1", "192.0.2.11:51820") }),
    () => ({ ...peer, keepalive: pick(0, 2, 255) }),
    () => ({ ...peer, allowedIps: [...peer.allowedIps, allowedIp()] }),
    () => ({ ...peer, allowedIps: peer.allowedIps.slice(1) }),
    () => ({ ...peer, allowedIps: peer.allowedIps.toReversed() }),
  )();
}

/** A peer that is removed and added while an answer is made, and listed twice by that. */
function cameBack(peer: Peer): Peer {
  return pick(
    peer,
    { ...peer, presharedKey: ZERO, endpoint: "", keepalive: 0, allowedIps: [] },
    { ...peer, presharedKey: key() },
    { ...peer, keepalive: 2 },
  );
}

function sectionOf(peer: Peer): string[] {
  const equals = pick("=", " = ");
  const comma = pick(",", ", ");
  const lines = [
    `PublicKey${equals}${base64(peer.key)}`,
    ...(peer.presharedKey === ZERO ? [] : [`PresharedKey${equals}${base64(peer.presharedKey)}`]),
    ...(peer.endpoint === "" ? [] : [`Endpoint${equals}${peer.endpoint}`]),
    ...(peer.keepalive === 0 ? [] : [`PersistentKeepalive${equals}${peer.keepalive}`]),
    ...(peer.allowedIps.length === 0 ? [] : [`AllowedIPs${equals}${peer.allowedIps.join(comma)}`]),
  ];
  for (let i = lines.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const [a = "", b = ""] = [lines[i], lines[j]];
    lines[i] = b;
    lines[j] = a;
  }
  return ["[Peer]", ...lines, ...pick([], [""], ["# Name = somebody"])];
}

/** Makes a line unusual, or wrong. */
function spelledOtherwise(line: string): string {
  return pick<() => string>(
    () => line.toLowerCase(),
    () => ` ${line}`,
    () => `${line} # comment`,
    () => `${line}\r`,
    () => line.replace("=", "\t= "),
    () => line.replace("/32", ""),
    () => line.replace("10.", "+10."),
    () => line.replace(".0.", ".0.9,.0."),
    () => line.replace("/48", "/16"),
    () => `${line}\n${line}`,
    () => "[interface]\nListenPort=5\n[Peer]",
    () => "nonsense",
  )();
}

function fileOf(peers: readonly Peer[], percentOtherwise: number): string {
  const lines = [
    ...pick([], ["[Interface]", "ListenPort = 51820", ""]),
    ...peers.flatMap(sectionOf),
  ];
  // One key in two spellings is a case of its own.
  return lines.map((line) =>
    random.chance(percentOtherwise) && !line.startsWith("PublicKey") ? spelledOtherwise(line) : line
  ).join("\n") + pick("", "\n");
}

/** Endpoints that needn't be looked up, and such that must. */
const LITERALS = ["192.0.2.1:5", "[fe80::1%lo]:5", "0.0.0.0:0", "255.255.255.255:65535"];
const NAMES = [
  "a.example:5",
  "1.example:5",
  "1.2.3.4.5:5",
  "1.2.3.256:5",
  "1.2.3:5",
  "1.2.3.4:",
  "1.2.3.4:65536",
  "1.2.3.4:domain",
  "[a.example]:5",
  "[1.2.3.4]:5",
  "[::1]",
  "[::1]:domain",
  "[::1:5",
  "[a:b:c]:5",
];

/**
 * Compares very many random files with devices, as what an engine lists of its peers is `listed`, and finds each
 * time the change that comes of comparing all.
 */
function assertSameChanges(
  compare: (file: string, answer: string) => Outcome & { readonly same: number } | null,
  listed: (running: readonly Peer[]) => readonly Peer[],
): void {
  let same = 0, changes = 0, odd = 0;
  for (let run = 0; run < 4000; run++) {
    const running = randomPeers();
    const wanted = running
      .filter(() => !random.chance(10))
      .map((peer) => random.chance(15) ? altered(peer) : peer)
      .concat(random.chance(30) ? randomPeer() : []);
    if (random.chance(10)) wanted.push(...wanted.slice(0, 1));
    if (random.chance(30)) wanted.reverse();
    const file = fileOf(wanted, pick(0, 0, 1, 10)), answer = answerOf(listed(running));
    const compared = compare(file, answer);
    if (compared === null) {
      odd++;
      continue;
    }
    const { request, warnings, lookups } = compareAll(file, answer);
    assert.equal(compared.request, request, file);
    assert.deepEqual(compared.warnings, warnings, file);
    // What stays needn't be looked up.
    const all = new Set(lookups.map(String));
    assert.ok(compared.lookups.every((lookup) => all.has(String(lookup))), file);
    same += compared.same;
    if (request.includes("public_key")) changes++;
  }
  assert.ok(same > 3000 && changes > 1000 && odd > 300, `${same}, ${changes}, ${odd}`);
}

Deno.test("what is compared as it comes makes the same change", () => {
  assertSameChanges(compareComing, (running) => {
    const listed = running.concat(running.filter(() => random.chance(3)).map(cameBack));
    return random.chance(50) ? listed.reverse() : listed;
  });
});

Deno.test("what is compared with what an engine prints makes the same change", () => {
  assertSameChanges(comparePrinted, (running) => running);
});

Deno.test("what an engine prints isn't compared with a file that has to be looked up, or read", () => {
  const section = `[Peer]\nPublicKey = ${base64(key())}\n`;
  const isRead = (text: string) => PrintedSections.read(new TextEncoder().encode(text)) === null;
  for (const more of ["", "\n# Name = a\n", ...LITERALS.map((text) => `Endpoint = ${text}`)]) {
    assert.ok(!isRead(`${section}${more}`), more);
    assert.ok(!isRead(`[Interface]\nListenPort = 5\n\n${section}${more}`), more);
  }
  const odd = [...NAMES.map((text) => `Endpoint = ${text}`), "allowedips = ::/0", "AllowedIPs="]
    .concat("PublicKey = a", section, "[peer]", " [Peer]", "[Peer] # b", "PersistentKeepalive 5")
    .concat(
      "[Interface]\nListenPort = 5",
      "# \u00e9",
      "nonsense",
      "PresharedKey = a\nPresharedKey = a",
    );
  for (const more of odd) {
    assert.ok(isRead(`${section}${more}\n`), more);
    assert.ok(isRead(`${section}${more}\n[Peer]\nPublicKey = ${base64(key())}\n`), more);
  }
  assert.ok(isRead(`${section}AllowedIPs = ${"10.0.0.0/8, ".repeat(2000)}::/0\n`));
  for (const text of ["", "[Interface]\nListenPort = 5\n", "[peer]\n" + section, "[Peer]\n"]) {
    assert.ok(isRead(text), text);
  }
});

Deno.test("a file is read at once where anything but literals is spelled as it should be", () => {
  const section = `[Peer]\nPublicKey = ${base64(key())}\n`;
  const isPlain = (text: string) => new PeerSections(new TextEncoder().encode(text)).isPlain;
  for (const more of ["", "\n# Name = a\n", ...LITERALS.map((text) => `Endpoint = ${text}\n`)]) {
    assert.ok(isPlain(`${section}${more}`), more);
    assert.ok(isPlain(`[Interface]\nListenPort = 5\n\n${section}${more}`), more);
  }
  const odd = [
    ...NAMES.map((text) => `Endpoint = ${text}`),
    " AllowedIPs = ::/0",
    "allowedips = ::/0",
  ]
    .concat(
      "AllowedIPs=",
      "PublicKey = a",
      "[peer]",
      " [Peer]",
      "[Peer] # b",
      "PersistentKeepalive 5",
    )
    .concat(
      "AllowedIPs = ::/0\nAllowedIPs = 10.0.0.0/8",
      section.replace("PublicKey", "publickey"),
    );
  for (const more of odd) {
    assert.ok(!isPlain(`${section}${more}\n`), more);
    assert.ok(!isPlain(`${section}${more}\n${section}`), more);
  }
});

Deno.test("what is left of a file is wiped once it was read", () => {
  let rest = new Uint8Array(0);
  class Sections extends PeerSections {
    override rest(): Uint8Array {
      return rest = super.rest() as Uint8Array<ArrayBuffer>;
    }
  }
  const file = `[Peer]\nPublicKey = ${base64(key())}\nPresharedKey = ${base64(key())}\n`;
  for (const more of ["", "nonsense\n"]) {
    const sections = new Sections(new TextEncoder().encode(file + more));
    outcomeOf((surroundings) => requestOf(syncFile(sections, surroundings)));
    assert.ok(rest.length > 0 && isZero(rest));
  }
});

Deno.test("public keys that were chosen for it don't make a file slow to compare", () => {
  const SECTIONS = 200;
  const keys: string[] = [];
  while (keys.length < SECTIONS) {
    const text = base64(key());
    // They all begin their search at one place of the table.
    if ((publicKeyHash(new TextEncoder().encode(text), 0) & 511) === 0) keys.push(text);
  }
  const tableOf = (keys: string[]) =>
    new SectionTable(
      new TextEncoder().encode(keys.map((key) => `[Peer]\nPublicKey = ${key}\n`).join("")),
    );
  assert.ok(!tableOf(keys).isPlain);
  // Some may by chance.
  const table = tableOf([...keys.slice(0, 100), ...keys.slice(100).map(() => base64(key()))]);
  assert.ok(table.isPlain);
  for (const [section, key] of keys.slice(0, 100).entries()) {
    assert.equal(table.find(new TextEncoder().encode(key), 0, -1), section);
  }
  for (const key of keys.slice(100)) {
    assert.equal(table.find(new TextEncoder().encode(key), 0, -1), -1);
  }
});
