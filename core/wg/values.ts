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
  splitEndpoint,
  ValueError,
} from "../config/values.ts";
import { AllowedIpList, networksEnd } from "../allowed_ip_list.ts";
import { HIDDEN } from "../hidden_keys.ts";
import { IpAddress } from "../ip.ts";
import { parseKey, parsePublicKey } from "../keys.ts";
import type { UapiEndpoint } from "../uapi/command.ts";
import type { WgChange, WgPeerChange } from "./change.ts";
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
export function parseWgEndpoint(text: string, surroundings: WgSurroundings): UapiEndpoint {
  surroundings.checkLookups?.();
  if (text === "") throw new WgError("Unable to parse empty endpoint");
  const { host, portText } = orComplain(() => splitEndpoint(text), () => {
    const open = text.startsWith("[") && !text.includes("]");
    return `Unable to find ${open ? "matching brace" : "port"} of endpoint: \`${text}'`;
  });
  return surroundings.resolve(host, portText, text);
}

/** Characters of a list that is worth the millisecond that it takes to compile an expression. */
const LONG_LIST = 256;

/**
 * Adds a list of allowed IPs to a change of a peer. Such a list replaces those that the peer has, unless
 * one of it has a sign. `isOneOfMany` tells that many lists come, which are worth an expression as well.
 */
export function addAllowedIps(
  peer: PeerSettings,
  text: string,
  { warn }: WgSurroundings,
  isOneOfMany: boolean,
): void {
  peer.replaceAllowedIps = true;
  if (text === "") return;
  let item = "";
  const worthExpression = isOneOfMany || text.length >= LONG_LIST;
  orComplain(() => {
    for (let at = 0, end; at <= text.length; at = end + 1) {
      end = worthExpression ? networksEnd(text, at) : at;
      if (end > at) {
        peer.allowedIps.addNetworks(text.slice(at, end));
        continue;
      }
      const comma = text.indexOf(",", at);
      end = comma < 0 ? text.length : comma;
      item = text.slice(at, end);
      const { prefix, sign } = parseAllowedIp(item);
      if (prefix.hasHostBits) warn(`Warning: AllowedIP has nonzero host part: ${unsigned(item)}`);
      if (sign !== "") peer.replaceAllowedIps = false;
      peer.allowedIps.add({ prefix, remove: sign === "-" });
    }
  }, () => describeWrongPrefix(item));
}

/** All of a peer's change but the peer itself. */
export type PeerSettings = Omit<WgPeerChange, "publicKey">;

/** A change of a peer that says nothing yet. */
export function newPeerSettings(replaceAllowedIps: boolean): PeerSettings {
  return { remove: false, updateOnly: false, replaceAllowedIps, allowedIps: new AllowedIpList() };
}

/** Overwrites the private and the preshared keys of a change. */
export function wipeKeys({ privateKey, peers }: WgChange): void {
  privateKey?.fill(0);
  for (const { presharedKey } of peers) presharedKey?.fill(0);
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
