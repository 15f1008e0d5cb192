/** Valid configs that are broken in one random place. */

export interface Keys {
  private: string;
  public: string;
  preshared: string;
}

export interface BrokenConfig {
  /** What is wrong with it. */
  title: string;
  /** The line that is at fault, from 1. */
  line: number;
  text: string;
}

/** A number from 0 up to, but not including, its argument. */
export type Random = (below: number) => number;

/** A small generator (mulberry32), so that a failure can be repeated from its seed. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Values that no key of a config accepts. */
const GARBAGE = ["\u0000", "%", "-1", "ñ", "''", "1.2.3.4.5", "no such thing", "=", "::::"];

/** For each key, values that look almost right. */
const WRONG: Record<string, readonly string[]> = {
  PrivateKey: ["AAAA", "A".repeat(43), "A".repeat(45), `${"A".repeat(42)}B=`, "A".repeat(44)],
  PublicKey: ["AAAA", "A".repeat(43), "A".repeat(45), `${"A".repeat(42)}B=`],
  PresharedKey: ["AAAA", "A".repeat(43), `${"A".repeat(42)}B=`],
  ListenPort: ["-1", "0x10", "12a", "port"],
  FwMark: ["0x", "0X10", "0x100000000", "4294967296", "on"],
  Address: ["10.0.0.1/33", "fd00::/129", "10.0.0", "010.0.0.1/8", "10.0.0.1/", "10.0.0.256"],
  MTU: ["large", "-1420", "1e3", "14 20x"],
  Table: ["some table", "-1", "0x", "4294967296"],
  SaveConfig: ["yes", "1", "on"],
  AllowedIPs: [
    "10/8",
    "10.0.0.0/33",
    "fd00::/129",
    "10.0.0.0/255.0.0.0",
    "host.test",
    "10.0.0.0/8,,",
  ],
  Endpoint: ["10.0.0.1", "10.0.0.1:", ":51820", "[fd00::1:51820", "10.0.0.1:0x10"],
  PersistentKeepalive: ["-1", "65536", "often", "0x10"],
};

const EMPTY_IS_NONE = new Set(["Address", "MTU", "Table"]);

const UNKNOWN_KEYS = ["Privatekey2", "Adress", "AllowedIP", "Endpoints", "Foo", "X-Bar"];

export function breakRandomly(keys: Keys, random: Random): BrokenConfig {
  const lines = validConfig(keys, random);
  const pick = <T>(choices: readonly T[]): T => choices[random(choices.length)] as T;
  const assignments = lines.flatMap((line, i) => /^\w+ = /.test(line) ? [i] : []);
  const at = pick(assignments);
  const [key = "", value = ""] = (lines[at] ?? "").split(/ = (.*)/);
  const garbage = () => ({ title: `${key} is garbage`, line: `${key} = ${pick(GARBAGE)}` });
  const broken = pick([
    () => ({ title: `${key} is almost right`, line: `${key} = ${pick(WRONG[key] ?? GARBAGE)}` }),
    garbage,
    // wg-quick takes an empty value of its own keys for none
    () => EMPTY_IS_NONE.has(key) ? garbage() : { title: `${key} is empty`, line: `${key} =` },
    () => ({ title: "an unknown key", line: `${pick(UNKNOWN_KEYS)} = ${value}` }),
    () => ({ title: "no equals sign", line: `${key} ${value.replaceAll("=", "")}` }),
    () => ({ title: "an unknown section", line: `[${pick(["Peers", "Interfaces", "", "wg0"])}]` }),
    () => ({ title: "a broken section", line: pick(["[Peer", "Peer]", "[[Peer]]"]) }),
  ])();
  lines[at] = broken.line;
  return {
    title: `${broken.title}: ${JSON.stringify(broken.line)}`,
    line: at + 1,
    text: lines.join("\n") + "\n",
  };
}

/** A valid config with a random choice of keys, peers, comments and empty lines. */
function validConfig(keys: Keys, random: Random): string[] {
  const sometimes = (...lines: string[]) => lines.filter(() => random(2) === 0);
  const lines = [
    ...sometimes("# a comment", ""),
    "[Interface]",
    `PrivateKey = ${keys.private}`,
    ...sometimes(
      "ListenPort = 51820",
      "FwMark = 0x1234",
      "Address = 10.88.0.1/24, fd88::1/64",
      "MTU = 1420",
      "Table = auto",
      "SaveConfig = false",
    ),
  ];
  for (let peer = 0; peer <= random(3); peer++) {
    lines.push(
      ...sometimes("", "# the next peer"),
      "[Peer]",
      `PublicKey = ${keys.public}`,
      ...sometimes(
        `PresharedKey = ${keys.preshared}`,
        `AllowedIPs = 10.${peer}.0.0/16`,
        `AllowedIPs = fd00:${peer}::/32`,
        "Endpoint = 192.0.2.1:51820",
        "PersistentKeepalive = 25",
      ),
    );
  }
  return lines;
}
