import { networksEnd } from "../allowed_ip_list.ts";
import { asciiLowerCase } from "../config/keys.ts";
import { removeSpace } from "../config/text.ts";
import { KEY_SIZE } from "../crypto/crypto.ts";
import { withoutKeys } from "../hidden_keys.ts";
import { secretBytes } from "../memory.ts";
import type { WgChange, WgPeerChange } from "./change.ts";
import { WgEnvironmentError, WgError } from "./error.ts";
import type { WgSurroundings } from "./surroundings.ts";
import {
  addAllowedIps,
  newPeerSettings,
  parseWgEndpoint,
  parseWgFwmark,
  parseWgKeepalive,
  parseWgPort,
  parseWgPublicKey,
  parseWgSecretKey,
  type PeerSettings,
} from "./values.ts";

/**
 * The change that a file of the wg(8) dialect stands for: what it says is added to what there is, as by
 * `wg addconf`, or takes the place of all there is, as by `wg setconf`. A `[Peer]` that comes again
 * stays a change of its own.
 *
 * @throws WgError
 */
export function parseWgFile(
  text: string,
  mode: "add" | "replace",
  surroundings: WgSurroundings,
): WgChange {
  const file = new FileReader(mode, surroundings, text.length >= LONG_FILE);
  for (const line of text.split("\n")) {
    try {
      if (file.readUsualLine(line) || file.readNetworks(line)) continue;
      const content = contentOf(line);
      if (content !== "") file.readLine(content);
    } catch (error) {
      if (!(error instanceof WgError) || error instanceof WgEnvironmentError) throw error;
      throw new WgError(`${error.message}\nConfiguration parsing error`);
    }
  }
  return file.finish();
}

/** What counts of a line: no white space, no comment, nothing behind a NUL, at which C strings end. */
function contentOf(line: string): string {
  return removeSpace(line.replace(/[#\0].*$/s, ""));
}

/** A key and a value without anything that doesn't count, or only around the equals sign. */
const USUAL_LINE = /^([A-Za-z]+)[\t-\r ]*=[\t-\r ]*([!"$-~]+)$/;

/** Characters of a file that has many peers. */
const LONG_FILE = 4096;
/** Characters of a line that is worth the time to compile expressions. */
const LONG_LINE = 256;
/** A list of allowed IPs, up to where it begins. */
const ALLOWED_IPS = /AllowedIPs[\t-\r ]*=[\t-\r ]*/iy;

/** `[Peer]` as far as it is read. */
interface PeerSection extends PeerSettings {
  publicKey?: Uint8Array;
}

function isComplete(peer: PeerSection): peer is PeerSection & WgPeerChange {
  return peer.publicKey !== undefined;
}

/** Takes the value of a key into `target`. */
type SettingReader<T> = (
  target: T,
  value: string,
  surroundings: WgSurroundings,
  isOneOfMany: boolean,
) => void;

const INTERFACE_KEYS: ReadonlyMap<string, SettingReader<WgChange>> = new Map(
  Object.entries<SettingReader<WgChange>>({
    listenport: (change, value, surroundings) => {
      change.listenPort = parseWgPort(value, surroundings);
    },
    fwmark: (change, value) => change.fwmark = parseWgFwmark(value),
    privatekey: (change, value) => change.privateKey = parseWgSecretKey(value),
  }),
);

const PEER_KEYS: ReadonlyMap<string, SettingReader<PeerSection>> = new Map(
  Object.entries<SettingReader<PeerSection>>({
    endpoint: (peer, value, surroundings) => peer.endpoint = parseWgEndpoint(value, surroundings),
    publickey: (peer, value) => peer.publicKey = parseWgPublicKey(value),
    allowedips: addAllowedIps,
    persistentkeepalive: (peer, value) => peer.persistentKeepalive = parseWgKeepalive(value),
    presharedkey: (peer, value) => peer.presharedKey = parseWgSecretKey(value),
  }),
);

/** Reads the lines of a file in order. */
class FileReader {
  readonly #surroundings: WgSurroundings;
  readonly #isLong: boolean;
  readonly #change: WgChange;
  readonly #peers: PeerSection[] = [];
  #section: "none" | "interface" | "peer" = "none";

  constructor(mode: "add" | "replace", surroundings: WgSurroundings, isLong: boolean) {
    this.#surroundings = surroundings;
    this.#isLong = isLong;
    this.#change = mode === "add" ? { replacePeers: false, peers: [] } : {
      privateKey: secretBytes(KEY_SIZE),
      listenPort: 0,
      fwmark: 0,
      replacePeers: true,
      peers: [],
    };
  }

  /** Reads a line that needs no {@linkcode contentOf}: there may be very many. False when it isn't such. */
  readUsualLine(line: string): boolean {
    const match = USUAL_LINE.exec(line);
    if (match === null) return false;
    const [, key = "", value = ""] = match;
    return this.#readSetting(key.toLowerCase(), value);
  }

  /** Reads a list of nothing but networks as it stands, as {@linkcode readUsualLine} does other lines. */
  readNetworks(line: string): boolean {
    ALLOWED_IPS.lastIndex = 0;
    if (line.length < LONG_LINE || this.#section !== "peer" || !ALLOWED_IPS.test(line)) {
      return false;
    }
    const peer = this.#peers.at(-1), at = ALLOWED_IPS.lastIndex;
    if (peer === undefined || at === line.length || networksEnd(line, at) < line.length) {
      return false;
    }
    peer.replaceAllowedIps = true;
    peer.allowedIps.addNetworks(line.slice(at));
    return true;
  }

  readLine(line: string): void {
    if (line.startsWith("[") && this.#beginSection(asciiLowerCase(line))) return;
    const equals = line.indexOf("=");
    // A value must not be empty.
    const key = equals < line.length - 1 ? asciiLowerCase(line.slice(0, Math.max(0, equals))) : "";
    if (this.#readSetting(key, line.slice(equals + 1))) return;
    throw new WgError(`Line unrecognized: \`${withoutKeys(line)}'`);
  }

  /** The change, once all lines are read. */
  finish(): WgChange {
    for (const peer of this.#peers) {
      if (!isComplete(peer)) {
        throw new WgError("A peer is missing a public key\nInvalid configuration");
      }
      this.#change.peers.push(peer);
    }
    return this.#change;
  }

  #beginSection(header: string): boolean {
    switch (header) {
      case "[interface]":
        this.#section = "interface";
        return true;
      case "[peer]":
        this.#section = "peer";
        this.#peers.push(newPeerSettings(true));
        return true;
      default:
        return false;
    }
  }

  /** Whether the section has this key; if so, its value is read. */
  #readSetting(key: string, value: string): boolean {
    switch (this.#section) {
      case "none":
        return false;
      case "interface":
        return this.#readBy(INTERFACE_KEYS, this.#change, key, value);
      case "peer": {
        const peer = this.#peers.at(-1);
        return peer !== undefined && this.#readBy(PEER_KEYS, peer, key, value);
      }
    }
  }

  #readBy<T>(
    keys: ReadonlyMap<string, SettingReader<T>>,
    target: T,
    key: string,
    value: string,
  ): boolean {
    const read = keys.get(key);
    read?.(target, value, this.#surroundings, this.#isLong);
    return read !== undefined;
  }
}
