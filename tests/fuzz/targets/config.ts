import assert from "node:assert/strict";
import { ConfigDocument } from "../../../core/config/document.ts";
import { ConfigError } from "../../../core/config/error.ts";
import { parseQuickConfig } from "../../../core/config/quick.ts";
import { stripQuickConfig } from "../../../core/config/strip.ts";
import type { SeededRandom } from "../../core/seeded_random.ts";
import { mutateText, pick } from "../mutate.ts";
import type { Input, Target } from "../target.ts";
import { list, signedList, word } from "../words.ts";

const TEXTS = [
  "[Interface]",
  "[Peer]",
  "[peer]",
  "[Pear]",
  "[ Interface ]",
  "[]",
  "# Name = Alice",
  "#",
  "# a comment",
  "",
  " \t",
  "Adress = 10.0.0.1/8",
  "PublikKey = x",
  "=",
  "no equals sign",
  "\ufeff",
  "\0",
  "\r\n",
] as const;

const SETTINGS: Record<string, (random: SeededRandom) => string> = {
  PrivateKey: (random) => word(random, "key"),
  ListenPort: (random) => word(random, "number"),
  FwMark: (random) => word(random, "number"),
  Address: (random) => list(random, "prefix"),
  DNS: (random) => `${list(random, "prefix")},example.com, ~corp`,
  MTU: (random) => word(random, "number"),
  Table: (random) => pick(random, ["off", "auto", "main", "1234", word(random, "number")]),
  PreUp: () => "echo %i # not a comment",
  PostUp: () => "iptables -A FORWARD -i %i -j ACCEPT; true",
  PreDown: () => "true",
  PostDown: () => "",
  DisallowedIPs: (random) => list(random, "prefix"),
  BindAddress: (random) => list(random, "prefix"),
  BindInterface: (random) => word(random, "number"),
  PrivateKeyFile: (random) => pick(random, ["/etc/key", "key", "", word(random, "key")]),
  ReresolveInterval: (random) => word(random, "number"),
  OnHandshake: () => 'logger "$WGTS_PEER" # not a comment',
  OnRoam: () => "echo %i",
  OnSessionExpired: () => "",
  OnReresolve: () => "true",
  SaveConfig: (random) => pick(random, ["true", "false", "TRUE", "yes", ""]),
};

const PEER_SETTINGS: Record<string, (random: SeededRandom) => string> = {
  PublicKey: (random) => word(random, "key"),
  PresharedKey: (random) => word(random, "key"),
  AllowedIPs: signedList,
  Endpoint: (random) => word(random, "endpoint"),
  DisallowedIPs: (random) => list(random, "prefix"),
  PresharedKeyFile: (random) => pick(random, ["/etc/key", "key", "", word(random, "key")]),
  FallbackEndpoints: (random) => `${word(random, "endpoint")}, ${word(random, "endpoint")}`,
  PersistentKeepalive: (random) => word(random, "number"),
};

/** Lines of a config: most of them valid, all of them like what people write. */
export function generateConfig(random: SeededRandom): string {
  const lines: string[] = random.chance(95) ? ["[Interface]"] : [];
  addSettings(random, lines, SETTINGS);
  for (let peers = random.below(4); peers > 0; peers--) {
    lines.push("[Peer]");
    if (random.chance(95)) lines.push(`PublicKey = ${word(random, "key")}`);
    addSettings(random, lines, PEER_SETTINGS);
  }
  const text = lines.join(random.chance(95) ? "\n" : "\r\n") + "\n";
  return random.chance(60) ? text : mutateText(random, text, TEXTS);
}

function addSettings(
  random: SeededRandom,
  lines: string[],
  settings: Record<string, (random: SeededRandom) => string>,
): void {
  for (let count = random.below(6); count > 0; count--) {
    const key = pick(random, Object.keys(settings));
    const spelling = random.chance(90) ? key : pick(random, [key.toLowerCase(), key.toUpperCase()]);
    const value = settings[key]?.(random) ?? "";
    lines.push(`${spelling}${pick(random, [" = ", "=", "\t=\t"])}${value}`);
    if (random.chance(10)) lines.push(pick(random, TEXTS));
  }
}

const KEY_LIKE = /[A-Za-z0-9+/]{42}/;

/** Configs as `up` reads them, with an error that says where, and never a key. */
export const config: Target = {
  name: "config",
  sources: [
    "comment",
    "comment_owners",
    "document",
    "exclusions",
    "key_files",
    "keys",
    "peer_names",
    "peers",
    "quick",
    "sections",
    "strip",
    "values",
    "wg",
  ]
    .map((name) => `core/config/${name}.ts`).concat("core/ip.ts", "core/keys.ts"),
  generate: generateConfig,
  run(input: Input): boolean {
    assert(typeof input === "string");
    checkStrip(input);
    try {
      const document = ConfigDocument.parse(input, "wg0.conf");
      assert.equal(document.toString(), input, "a document loses text");
      const servicePort = (name: string) => name === "domain" ? 53 : null;
      const { peers, warnings } = parseQuickConfig(input, "wg0.conf", { servicePort });
      for (const { publicKey } of peers) assert.equal(publicKey.length, 32);
      for (const { message } of warnings) checkMessage(message);
      return true;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      checkMessage(error.message);
      return false;
    }
  },
};

/** `strip` reads what `up` wouldn't, and adds nothing but the newlines at the end. */
function checkStrip(text: string): void {
  try {
    assert(stripQuickConfig(text).length <= text.length + 2, "strip adds text");
  } catch (error) {
    const refused = error instanceof Error &&
      /^`.*' is neither true nor false$/s.test(error.message);
    if (!refused) throw error;
  }
}

function checkMessage(message: string): void {
  assert.match(message, /^wg0\.conf(:[0-9]+)?: [^\n\r]+$/, "not one line that says where");
  assert.doesNotMatch(message, KEY_LIKE, "a key in a message");
}
