/** Generated configs and arguments of `set`: valid ones, most with a few mistakes. */
import { SeededRandom } from "../core/seeded_random.ts";
import { INTERFACE_LINES, KEY, OTHER_KEY, PEER_LINES, ZERO_KEY } from "./config_cases.ts";

const right = (lines: readonly string[]) => lines.filter((line) => !line.startsWith("!"));
const any = (lines: readonly string[]) => lines.map((line) => line.replace(/^!/, ""));

/** All that configs consist of: what takes the place of a character, a word or a line. */
const CHARACTERS = [..." \t\v\f\r\n\0.:,;/+-_=#%[]()\"'`\\01289afxXzA\u00a0\u0085\u00ff\u001f"];
const KEYS = ["PrivateKey", "ListenPort", "FwMark", "PublicKey", "PresharedKey", "AllowedIPs"]
  .concat(["Endpoint", "PersistentKeepalive", "Address", "MTU", "Key", "Name"]);
const VALUES = [...any(INTERFACE_LINES), ...any(PEER_LINES)].flatMap((line) => {
  const value = line.split(/=(.*)/s)[1];
  return value === undefined || value.includes("\n") ? [] : [value.trim()];
});

/** Makes configs and arguments. */
export class WgInputs {
  readonly #random: SeededRandom;

  /** Equal seeds give equal inputs. */
  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  /** A config, each of its characters a byte. */
  config(): string {
    const random = this.#random;
    const lines: string[] = [];
    for (let sections = 1 + random.below(4); sections > 0; sections--) {
      const isPeer = random.chance(60);
      lines.push(isPeer ? "[Peer]" : "[Interface]");
      if (isPeer && !random.chance(5)) {
        lines.push(`PublicKey = ${this.#pick([KEY, OTHER_KEY, KEY, ZERO_KEY])}`);
      }
      for (let count = random.below(4); count > 0; count--) {
        lines.push(this.#line(isPeer));
      }
    }
    let text = lines.map((line) => line + this.#pick(ENDINGS)).join("");
    for (let slips = this.#pick([0, 0, 1, 1, 2, 5]); slips > 0; slips--) text = this.#slip(text);
    return text.replaceAll(/[^\0-\u00ff]/g, "?");
  }

  /** Arguments behind `wg set INTERFACE`, without NUL, as bytes of UTF-8. */
  arguments(): string[] {
    const random = this.#random;
    const words: string[] = [];
    for (let count = random.below(3); count > 0; count--) {
      words.push(...this.#setting(OF_INTERFACE));
    }
    for (let peers = random.below(3); peers > 0; peers--) {
      words.push("peer", this.#pick([KEY, OTHER_KEY, ZERO_KEY]));
      for (let count = random.below(4); count > 0; count--) words.push(...this.#setting(OF_PEER));
    }
    if (words.length === 0) words.push(...this.#setting(OF_PEER));
    for (let slips = this.#pick([0, 0, 1, 1, 2]); slips > 0; slips--) {
      const at = random.below(words.length);
      switch (random.below(6)) {
        case 0:
          words.splice(at, 1);
          break;
        case 1:
          words.splice(at, 0, this.#pick(words));
          break;
        case 2:
          words[at] = this.#pick(VALUES);
          break;
        case 3:
          words[at] = this.#pick([
            ...Object.keys(OF_INTERFACE),
            ...Object.keys(OF_PEER),
            "",
            "remove",
          ]);
          break;
        default:
          words[at] = this.#slip(words[at] ?? "");
      }
      if (words.length === 0) words.push("");
    }
    return words.map((word) => word.replaceAll("\0", ""));
  }

  #line(isPeer: boolean): string {
    const random = this.#random;
    if (random.chance(10)) return `${this.#pick(KEYS)} = ${this.#pick(VALUES)}`;
    if (random.chance(4)) return this.#pick(["", "#", "# comment", "[Interface]", "[Peer]", "x"]);
    const lines = isPeer ? PEER_LINES : INTERFACE_LINES;
    if (isPeer && random.chance(30)) return `AllowedIPs = ${this.#allowedIps()}`;
    return this.#pick(random.chance(5) ? any(lines) : right(lines));
  }

  #setting(of: Readonly<Record<string, readonly string[]>>): string[] {
    const name = this.#pick(Object.keys(of));
    if (name === "remove") return [name];
    if (name === "allowed-ips" && this.#random.chance(50)) return [name, this.#allowedIps()];
    return [name, this.#pick(of[name] ?? [])];
  }

  /** A list of addresses that are next to right ones. */
  #allowedIps(): string {
    const random = this.#random;
    const items: string[] = [];
    for (let count = 1 + random.below(3); count > 0; count--) {
      if (random.chance(50)) {
        const bytes = Array.from({ length: random.chance(97) ? 4 : 3 }, () => this.#number(255));
        items.push(bytes.join(".") + (random.chance(80) ? `/${this.#number(32)}` : ""));
      } else {
        const groups = Array.from({ length: random.below(9) }, () => this.#number(0xffff, 16));
        if (random.chance(70)) groups.splice(random.below(groups.length + 1), 0, "");
        let address = groups.join(":");
        if (groups[0] === "") address = `:${address}`;
        if (groups.at(-1) === "") address += ":";
        items.push(address + (random.chance(80) ? `/${this.#number(128)}` : ""));
      }
    }
    return items.join(this.#pick([",", ", ", " ,"]));
  }

  /** A number that is seldom larger than `most`. */
  #number(most: number, radix = 10): string {
    const random = this.#random;
    const number = random.chance(98) ? random.below(most + 1) : random.below(2 * most + 2);
    return (random.chance(2) ? "0" : "") + number.toString(radix);
  }

  /** Text with one mistake. */
  #slip(text: string): string {
    const random = this.#random;
    const at = random.below(text.length + 1);
    const end = Math.min(text.length, at + random.below(random.chance(80) ? 2 : 20));
    const part = text.slice(at, end);
    const changed = this.#pick([
      () => "",
      () => part + part,
      () => this.#pick(CHARACTERS),
      () => this.#pick(CHARACTERS) + part,
      () => part.toUpperCase(),
      () => part.toLowerCase(),
      () => this.#pick(VALUES),
      () => "\n",
    ])();
    return text.slice(0, at) + changed + text.slice(end);
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random.below(from.length)] as T;
  }
}

const ENDINGS = ["\n", "\n", "\n", "\r\n", " \n", " # why\n", "#\n", "\n\n", "\n\t\n"];

/** The values of a key: the wrong ones once, the right ones several times. */
const values = (pattern: RegExp, lines: readonly string[]) =>
  [...any(lines), ...Array.from({ length: 8 }, () => right(lines)).flat()]
    .flatMap((line) => pattern.exec(line)?.[1] ?? []);

/** The settings of `wg set` in front of the first peer, and values of each. */
const OF_INTERFACE: Readonly<Record<string, readonly string[]>> = {
  "listen-port": values(/^ListenPort = (.*)$/, INTERFACE_LINES),
  "fwmark": values(/^FwMark = (.*)$/, INTERFACE_LINES),
  "private-key": [
    "key",
    "/dev/null",
    "key",
    "/dev/null",
    "key",
    "key-cut",
    "/dev/null",
    "missing",
    ".",
    "",
  ],
};

/** The settings of a peer. */
const OF_PEER: Readonly<Record<string, readonly string[]>> = {
  "remove": [],
  "endpoint": values(/^Endpoint = (.*)$/, PEER_LINES),
  "allowed-ips": values(/^AllowedIPs = (.*)$/, PEER_LINES),
  "persistent-keepalive": values(/^PersistentKeepalive = (.*)$/, PEER_LINES),
  "preshared-key": ["key", "/dev/null", "key", "/dev/null", "key-cut", "missing"],
};

/** The files that arguments name. */
export const KEY_FILES: Readonly<Record<string, string>> = {
  "key": `${KEY}\n`,
  "key-cut": KEY.slice(0, 43),
};
