/**
 * The `[Peer]` sections of a file, compared with those that an engine prints of its interface: sections that say
 * the same, letter by letter, needn't be read. Expressions and searches of whole lines do most of it, which are
 * fast the first time.
 *
 * @module
 */
import { OCTET } from "../canonical_prefix.ts";
import type { PeerState } from "../interface_state.ts";
import { parseKey } from "../keys.ts";
import { noActivity } from "../uapi/get_reader.ts";
import { parseUapiEndpoint } from "../uapi/values.ts";
import type { ComparedSections } from "./sync_file.ts";

const HEADER = "[Peer]\n";
const INTERFACE_HEADER = "[Interface]\n";
/** Bytes of a section, on average: longer lists are read in less time than they are compared as texts. */
const MOST_PER_SECTION = 16_384;
/** What a file is of that is compared: its characters are its bytes. */
const ASCII = /^[\t\n -~]*$/;

const KEY = "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=";
const PORT = "(?:0|[1-9][0-9]{0,3}|[1-5][0-9]{4}|" +
  "6(?:[0-4][0-9]{3}|5(?:[0-4][0-9]{2}|5(?:[0-2][0-9]|3[0-5]))))";
/** One of IPv6 is still to be read. */
const LITERAL = `(?:(?:${OCTET}\\.){3}${OCTET}|\\[[^\\]\\n]*\\]):${PORT}`;
const TEXT = "[^ \\t\\n][^\\n]*";
/** As many as are looked at at once, or none: see usual_lines.ts. */
const LINES = new RegExp(
  `(?:\\n|#[^\\n]*\\n|\\[Peer\\]\\n|PublicKey *= *${KEY}\\n|PresharedKey *= *${KEY}\\n|` +
    `AllowedIPs *= *${TEXT}\\n|Endpoint *= *${LITERAL}\\n|PersistentKeepalive *= *${TEXT}\\n){0,64}`,
  "y",
);
const IPV6_ENDPOINT = /^Endpoint *= *(\[.*)$/gm;

/** Between two allowed IPs. */
const SEPARATOR = ", ";
const PUBLIC_KEY = "PublicKey = ";
const PRESHARED_KEY = "PresharedKey = ";
const ENDPOINT = "Endpoint = ";

/** What a section says, as it is written. */
class Values {
  publicKey = "";
  presharedKey = "";
  allowedIps = "";
  endpoint = "";
  persistentKeepalive = "";

  /** The values of the lines of a section; null when one comes twice. */
  static read(lines: string): Values | null {
    const values = new Values();
    for (const line of lines.split("\n")) {
      if (line !== "" && !line.startsWith("#") && !values.#add(line)) return null;
    }
    return values;
  }

  /** Takes a line; false when that says again what was said. */
  #add(line: string): boolean {
    const equals = line.indexOf("="), value = line.slice(equals + 1).trim();
    switch (line.slice(0, equals).trimEnd()) {
      case "PublicKey":
        if (this.publicKey !== "") return false;
        this.publicKey = value;
        return true;
      case "PresharedKey":
        if (this.presharedKey !== "") return false;
        this.presharedKey = value;
        return true;
      case "AllowedIPs": {
        const list = value.replaceAll(",", SEPARATOR).replaceAll(`${SEPARATOR} `, SEPARATOR);
        this.allowedIps += this.allowedIps === "" ? list : SEPARATOR + list;
        return true;
      }
      case "Endpoint":
        if (this.endpoint !== "") return false;
        this.endpoint = value;
        return true;
      default:
        if (this.persistentKeepalive !== "") return false;
        this.persistentKeepalive = value;
        return true;
    }
  }

  /** Whether a peer is as this says, of which `printed` is known; an endpoint that isn't said stays. */
  areThoseOf(printed: Values): boolean {
    return equalTexts(this.presharedKey, printed.presharedKey) &&
      this.allowedIps === printed.allowedIps &&
      (this.endpoint === "" || this.endpoint === printed.endpoint) &&
      this.persistentKeepalive === printed.persistentKeepalive;
  }

  /** What there is of a peer. */
  get state(): PeerState {
    return {
      publicKey: Uint8Array.fromBase64(this.publicKey),
      presharedKey: parseKey(this.presharedKey),
      allowedIps: this.allowedIps === "" ? [] : this.allowedIps.split(SEPARATOR),
      ...noActivity(),
      endpoint: parseUapiEndpoint(this.endpoint),
      persistentKeepalive: Number(this.persistentKeepalive),
    };
  }
}

/** A section of a file. */
interface Section {
  /** Where it begins and ends in the file. */
  readonly start: number;
  readonly end: number;
  /** What is behind its header. */
  readonly lines: string;
}

/** The sections of a file that is plain. */
export class PrintedSections implements ComparedSections {
  /** The peers that aren't as their sections say, letter by letter. */
  readonly others: PeerState[] = [];
  readonly #file: Uint8Array;
  /** By their public keys, in the file's order. */
  readonly #sections: ReadonlyMap<string, Section>;
  readonly #same = new Set<Section>();
  /** The public keys of peers that the file doesn't have. */
  readonly #unwanted: string[] = [];

  private constructor(file: Uint8Array, sections: ReadonlyMap<string, Section>) {
    this.#file = file;
    this.#sections = sections;
  }

  /**
   * The sections of `file`, which is kept; null unless it has peers, all of their lines are spelled as in wg(8),
   * no peer comes twice, and no host has to be looked up.
   */
  static read(file: Uint8Array): PrintedSections | null {
    const decoded = new TextDecoder().decode(file);
    if (!ASCII.test(decoded)) return null;
    const text = decoded.endsWith("\n") ? decoded : `${decoded}\n`;
    // With a line's end in front, a line's beginning is where that was.
    const first = `\n${text}`.indexOf(`\n${HEADER}`);
    const head = text.slice(0, first).replace(INTERFACE_HEADER, "");
    if (first < 0 || head.includes("[") || !isPlain(text, first)) return null;
    const sections = new Map<string, Section>();
    for (let start = first; start < text.length;) {
      const next = text.indexOf(`\n${HEADER}`, start) + 1, end = next === 0 ? text.length : next;
      const lines = text.slice(start + HEADER.length, end), publicKey = publicKeyOf(lines);
      if (publicKey === null || sections.has(publicKey)) return null;
      sections.set(publicKey, { start, end, lines });
      start = end;
    }
    const isLong = sections.size * MOST_PER_SECTION < file.length;
    return isLong ? null : new PrintedSections(file, sections);
  }

  /**
   * Compares them with what `showconf` prints of the interface. False when a section says something twice: then
   * all has to be read.
   */
  compare(printed: string): boolean {
    for (const lines of printed.split(`\n${HEADER}`).slice(1)) {
      const publicKey = lines.slice(PUBLIC_KEY.length, lines.indexOf("\n"));
      const section = this.#sections.get(publicKey);
      if (section === undefined) {
        this.#unwanted.push(publicKey);
      } else if (hasSameLines(section.lines, lines)) {
        this.#same.add(section);
      } else {
        const wanted = Values.read(section.lines), values = Values.read(lines);
        if (wanted === null || values === null) return false;
        if (wanted.areThoseOf(values)) this.#same.add(section);
        else this.others.push(values.state);
      }
    }
    return true;
  }

  /** How many sections were found to be the same. */
  get sameCount(): number {
    return this.#same.size;
  }

  /** The public keys of the peers that the file doesn't have, 32 bytes each. */
  unwanted(): Uint8Array[] {
    return this.#unwanted.map((publicKey) => Uint8Array.fromBase64(publicKey));
  }

  /** The file without the sections that were found to be the same. Holds secrets. */
  rest(): Uint8Array {
    const file = this.#file, sections = [...this.#sections.values()];
    const parts = sections.filter((section) => !this.#same.has(section))
      .map(({ start, end }) => file.subarray(start, end));
    parts.unshift(file.subarray(0, sections[0]?.start));
    const rest = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of parts) {
      rest.set(part, at);
      at += part.length;
    }
    return rest;
  }

  /** As that of `PeerSections`. */
  takeBack(claimed: ReadonlySet<string>): boolean {
    const before = this.#same.size;
    for (const section of claimed.size === 0 ? [] : this.#same) {
      const list = Values.read(section.lines)?.allowedIps.split(SEPARATOR) ?? [];
      if (list.some((allowedIp) => claimed.has(allowedIp))) this.#same.delete(section);
    }
    return this.#same.size < before;
  }
}

/** Whether all lines from `at` on are of peers, spelled as they should be, and name nothing to be looked up. */
function isPlain(text: string, at: number): boolean {
  for (LINES.lastIndex = at; LINES.test(text) && LINES.lastIndex > at;) at = LINES.lastIndex;
  if (at < text.length) return false;
  for (const [, endpoint = ""] of text.matchAll(IPV6_ENDPOINT)) {
    if (parseUapiEndpoint(endpoint) === null) return false;
  }
  return true;
}

function publicKeyOf(lines: string): string | null {
  const at = lines.startsWith("PublicKey") ? 0 : lines.indexOf("\nPublicKey") + 1;
  if (at === 0 && !lines.startsWith("PublicKey")) return null;
  return lines.slice(lines.indexOf("=", at) + 1, lines.indexOf("\n", at)).trimStart();
}

/** Whether a section has exactly the lines that are printed, in any order; the endpoint may be missing. */
function hasSameLines(section: string, printed: string): boolean {
  let count = 0;
  for (let at = 0; at < printed.length;) {
    const end = printed.indexOf("\n", at) + 1, line = printed.slice(at, end);
    const isSecret = line.startsWith(PRESHARED_KEY);
    const found = section.indexOf(isSecret ? PRESHARED_KEY : line);
    const isLine = found === 0 || (found > 0 && section[found - 1] === "\n");
    if (isLine && (!isSecret || equalTexts(section.slice(found, found + line.length), line))) {
      count++;
    } else if (!line.startsWith(ENDPOINT) || section.includes("Endpoint")) return false;
    at = end;
  }
  return count === countOfLines(section);
}

/** True when both are the same; of texts of one length in constant time. */
function equalTexts(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/** How many lines say something. */
function countOfLines(section: string): number {
  let count = 0;
  for (let at = 0; at < section.length; at = section.indexOf("\n", at) + 1) {
    if (section[at] !== "\n" && section[at] !== "#") count++;
  }
  return count;
}
