/**
 * The values of wg(8), in its words: the grammar is that of all configs, the complaints are what `wg`
 * prints, but for secrets.
 *
 * @module
 */
import {
  parseAllowedIp,
  parseDecimal,
  parseFwmark,
  parseKeepalive,
  parsePrefix,
  splitEndpoint,
  ValueError,
} from "../config/values.ts";
import { HIDDEN } from "../hidden_keys.ts";
import type { AllowedIpChange, PeerChange } from "../interface_change.ts";
import { CANONICAL_NETWORK } from "../canonical_prefix.ts";
import { IpAddress, type IpPrefix } from "../ip.ts";
import { parseKey, parsePublicKey } from "../keys.ts";
import type { UapiEndpoint } from "../uapi/command.ts";
import { WgError } from "./error.ts";
import type { WgSurroundings } from "./surroundings.ts";

/** A public key in base64. */
export function parseWgPublicKey(text: string): Uint8Array {
  return parsePublicKey(text) ?? refuseKey(text);
}

/** A private or preshared key in base64. */
export function parseWgSecretKey(text: string): Uint8Array {
  return parseKey(text) ?? refuseKey(HIDDEN);
}

function refuseKey(shown: string): never {
  throw new WgError(`Key is not the correct length or format: \`${shown}'`);
}

/** A port to listen on. */
export function parseWgPort(text: string, { port }: WgSurroundings): number {
  if (text === "") throw new WgError("Unable to parse empty port");
  return parseDecimal(text, 0xffff) ?? port(text);
}

/** A packet mark. */
export function parseWgFwmark(text: string): number {
  return orComplain(
    () => parseFwmark(text),
    () => `Fwmark is neither 0/off nor 0-0xffffffff: \`${text}'`,
  );
}

/** Seconds between keepalives. */
export function parseWgKeepalive(text: string): number {
  return orComplain(
    () => parseKeepalive(text),
    () => `Persistent keepalive interval is neither 0/off nor 1-65535: \`${text}'`,
  );
}

/** `HOST:PORT`, resolved. */
export function parseWgEndpoint(text: string, { resolve }: WgSurroundings): UapiEndpoint {
  if (text === "") throw new WgError("Unable to parse empty endpoint");
  const { host, portText } = orComplain(() => splitEndpoint(text), () => {
    const open = text.startsWith("[") && !text.includes("]");
    return `Unable to find ${open ? "matching brace" : "port"} of endpoint: \`${text}'`;
  });
  return resolve(host, portText, text);
}

/**
 * Adds a list of allowed IPs to a change of a peer. Such a list replaces those that the peer has, unless
 * one of it has a sign.
 */
export function addAllowedIps(peer: PeerSettings, text: string, { warn }: WgSurroundings): void {
  peer.replaceAllowedIps = true;
  if (text === "") return;
  let item = "";
  orComplain(() => {
    for (item of text.split(",")) {
      if (NETWORK.test(item)) {
        peer.allowedIps.push(new Network(item));
        continue;
      }
      const { prefix, sign } = parseAllowedIp(item);
      if (prefix.hasHostBits) warn(`Warning: AllowedIP has nonzero host part: ${unsigned(item)}`);
      if (sign !== "") peer.replaceAllowedIps = false;
      peer.allowedIps.push({ prefix, remove: sign === "-" });
    }
  }, () => describeWrongPrefix(item));
}

const NETWORK = new RegExp(`^${CANONICAL_NETWORK}$`);

/** An allowed IP that is there as it will be sent; it is only read for who asks for more than its text. */
class Network implements AllowedIpChange {
  readonly remove = false;

  constructor(readonly text: string) {}

  get prefix(): IpPrefix {
    return parsePrefix(this.text);
  }
}

/** All of a peer's change but the peer itself. */
export type PeerSettings = Omit<PeerChange, "publicKey">;

/** A change of a peer that says nothing yet. */
export function newPeerSettings(replaceAllowedIps: boolean): PeerSettings {
  return { remove: false, updateOnly: false, replaceAllowedIps, allowedIps: [] };
}

function describeWrongPrefix(item: string): string {
  const text = unsigned(item);
  const [address = ""] = text.split("/", 1);
  return IpAddress.parse(address) === null
    ? `Unable to parse IP address: \`${address}'`
    : `AllowedIP is not in the correct format: \`${text}'`;
}

function unsigned(item: string): string {
  return item.replace(/^[+-]/, "");
}

/** What `parse` gives; what it refuses is refused in other words. */
function orComplain<T>(parse: () => T, complaint: () => string): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof ValueError ? new WgError(complaint()) : error;
  }
}
