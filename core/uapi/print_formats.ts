/**
 * What commands print, as an engine writes it: without a string of any secret, and hardly one of anything else.
 * Byte for byte what the modules in core/show/ make of the same state.
 *
 * @module
 */
import { isZeroKey } from "../keys.ts";
import type { ShowField } from "../show/field_names.ts";
import { fwmarkText } from "../show/fields.ts";
import { PrettyShow } from "../show/pretty.ts";
import { styleOf } from "../show/style.ts";
import type { UapiChunk } from "./chunk.ts";
import { type UapiDevice, type UapiPeer, writeEndpoint } from "./get_response.ts";
import type { PrintRequest } from "./print_request.ts";

/** What is printed of a peer. */
export interface PrintedPeer extends UapiPeer {
  /** Whether there is no such peer any more. */
  readonly removed: boolean;
}

/** What is printed of an interface. */
export interface PrintedDevice<P extends PrintedPeer> extends UapiDevice<P> {
  /** 32 bytes; null without a private key. */
  readonly publicKey: Uint8Array | null;
}

type Interface = PrintedDevice<PrintedPeer>;
/** The name of the interface that a zone index means. */
type ZoneName = (scopeId: number) => string;

/** What one format prints of peers. Their allowed IPs, which may be very many, are written by others. */
export interface PeerFormat {
  /** Whether peers are printed with the newest handshake first. */
  readonly isSorted: boolean;
  /** What is around a peer's allowed IPs, and between them; null when they aren't printed. */
  readonly list: ListFormat | null;
  /** Writes what is in front of a peer's allowed IPs. */
  before(chunk: UapiChunk, peer: PrintedPeer, zoneName: ZoneName): void;
  /** Writes what is behind them. */
  after(chunk: UapiChunk, peer: PrintedPeer, zoneName: ZoneName): void;
}

/** How a list is printed. */
export interface ListFormat {
  /** What is in front of a network's prefix length. */
  readonly slash: string;
  readonly start: string;
  readonly separator: string;
  readonly end: string;
  /** What is printed instead when there is none. */
  readonly none: string;
}

const NONE = "(none)";
const SLASH = "/";

/** Writes what is printed of the interface itself, and gives how its peers are. `wall` is that of `ShowOptions`. */
export function beginPrinting(
  chunk: UapiChunk,
  device: Interface,
  request: PrintRequest,
  wall: () => number,
): PeerFormat {
  switch (request.format) {
    case "show":
      return beginShow(chunk, device, request, wall);
    case "showconf":
      return beginShowconf(chunk, device);
    default:
      return beginField(chunk, device, request, request.format);
  }
}

function beginShow(
  chunk: UapiChunk,
  { privateKey, publicKey, listenPort, fwmark }: Interface,
  { name, showKeys, color }: PrintRequest,
  wall: () => number,
): PeerFormat {
  const show = new PrettyShow({ wall, color, showKeys });
  const { start, green, yellow, cyan, bold } = styleOf(color);
  const label = (name: string) => `  ${bold(name)}: `;
  const secret = (label: string, key: Uint8Array | null) => {
    if (!isKey(key)) return;
    chunk.text(label);
    if (showKeys) chunk.base64Key(key);
    else chunk.text("(hidden)");
    chunk.text("\n");
  };
  chunk.text(`${start}${green(bold("interface"))}: ${green(name)}\n`);
  if (isKey(publicKey) && isKey(privateKey)) {
    chunk.text(label("public key"));
    chunk.base64Key(publicKey);
    chunk.text("\n");
  }
  secret(label("private key"), privateKey);
  if (listenPort !== 0) chunk.text(`${label("listening port")}${listenPort}\n`);
  if (fwmark !== 0) chunk.text(`${label("fwmark")}0x${fwmark.toString(16)}\n`);
  const [beforeKey = "", behindKey = ""] = yellow("\n").split("\n");
  const title = `\n${yellow(bold("peer"))}: ${beforeKey}`, titleEnd = `${behindKey}\n`;
  const presharedKeyLabel = label("preshared key");
  const endpointLabel = label("endpoint"), allowedIpsLabel = label("allowed ips");
  return {
    isSorted: true,
    list: { slash: cyan(SLASH), start: "", separator: ", ", end: "", none: NONE },
    before(chunk, { publicKey, presharedKey, endpoint }, zoneName) {
      chunk.text(title);
      chunk.base64Key(publicKey);
      chunk.text(titleEnd);
      secret(presharedKeyLabel, presharedKey);
      if (endpoint !== null) {
        chunk.text(endpointLabel);
        writeEndpoint(chunk, endpoint, zoneName);
        chunk.text("\n");
      }
      chunk.text(allowedIpsLabel);
    },
    after(chunk, { lastHandshake, receivedBytes, sentBytes, persistentKeepaliveInterval }) {
      chunk.text("\n");
      const seconds = Math.floor(lastHandshake / 1000);
      if (seconds !== 0 || receivedBytes !== 0 || sentBytes !== 0) {
        show.activity(seconds, receivedBytes, sentBytes);
        chunk.text(show.take());
      }
      if (persistentKeepaliveInterval !== 0) {
        show.keepalive(persistentKeepaliveInterval);
        chunk.text(show.take());
      }
    },
  };
}

function beginShowconf(
  chunk: UapiChunk,
  { privateKey, listenPort, fwmark }: Interface,
): PeerFormat {
  chunk.text("[Interface]\n");
  if (listenPort !== 0) chunk.text(`ListenPort = ${listenPort}\n`);
  if (fwmark !== 0) chunk.text(`FwMark = 0x${fwmark.toString(16)}\n`);
  if (isKey(privateKey)) {
    chunk.text("PrivateKey = ");
    chunk.base64Key(privateKey);
    chunk.text("\n");
  }
  chunk.text("\n");
  let isFirst = true;
  return {
    isSorted: false,
    list: { slash: SLASH, start: "AllowedIPs = ", separator: ", ", end: "\n", none: "" },
    before(chunk, { publicKey, presharedKey }) {
      if (!isFirst) chunk.text("\n");
      isFirst = false;
      chunk.text("[Peer]\nPublicKey = ");
      chunk.base64Key(publicKey);
      chunk.text("\n");
      if (!isKey(presharedKey)) return;
      chunk.text("PresharedKey = ");
      chunk.base64Key(presharedKey);
      chunk.text("\n");
    },
    after(chunk, { endpoint, persistentKeepaliveInterval }, zoneName) {
      if (endpoint !== null) {
        chunk.text("Endpoint = ");
        writeEndpoint(chunk, endpoint, zoneName);
        chunk.text("\n");
      }
      if (persistentKeepaliveInterval === 0) return;
      chunk.text("PersistentKeepalive = ");
      chunk.text(String(persistentKeepaliveInterval));
      chunk.text("\n");
    },
  };
}

function beginField(
  chunk: UapiChunk,
  device: Interface,
  { name, prefixed }: PrintRequest,
  field: ShowField,
): PeerFormat {
  const prefix = prefixed ? `${name}\t` : "";
  const columns = INTERFACE_COLUMNS[field];
  if (columns !== undefined) {
    chunk.text(prefix);
    columns(chunk, device);
    chunk.text("\n");
  }
  const peer = PEER_COLUMNS[field];
  return {
    isSorted: false,
    list: peer?.separator === undefined
      ? null
      : { slash: SLASH, start: "", separator: peer.separator, end: "", none: NONE },
    before(chunk, printed, zoneName) {
      if (peer === undefined) return;
      chunk.text(prefix);
      chunk.base64Key(printed.publicKey);
      peer.before?.(chunk, printed, zoneName);
    },
    after(chunk, printed) {
      if (peer === undefined) return;
      peer.after?.(chunk, printed);
      chunk.text("\n");
    },
  };
}

/** Columns of a field that are about the interface itself. */
const INTERFACE_COLUMNS: Partial<
  Record<ShowField, (chunk: UapiChunk, device: Interface) => void>
> = {
  "public-key": (chunk, { publicKey }) => writeKey(chunk, publicKey),
  "private-key": (chunk, { privateKey }) => writeKey(chunk, privateKey),
  "listen-port": (chunk, { listenPort }) => chunk.text(String(listenPort)),
  "fwmark": (chunk, { fwmark }) => chunk.text(fwmarkText(fwmark)),
  "dump": (chunk, { privateKey, publicKey, listenPort, fwmark }) => {
    writeKey(chunk, privateKey);
    chunk.text("\t");
    writeKey(chunk, publicKey);
    chunk.text(`\t${listenPort}\t${fwmarkText(fwmark)}`);
  },
};

/** Columns of a field that are about a peer, behind its public key. */
interface PeerColumns {
  /** What is between two allowed IPs, where they are a column. */
  readonly separator?: string;
  before?(chunk: UapiChunk, peer: PrintedPeer, zoneName: ZoneName): void;
  after?(chunk: UapiChunk, peer: PrintedPeer): void;
}

const PEER_COLUMNS: Partial<Record<ShowField, PeerColumns>> = {
  "peers": {},
  "preshared-keys": { before: writePresharedKey },
  "endpoints": { before: writeEndpointColumn },
  "allowed-ips": { separator: " ", before: (chunk) => chunk.text("\t") },
  "latest-handshakes": { before: writeHandshake },
  "transfer": { before: writeTransfer },
  "persistent-keepalive": { before: writeKeepalive },
  "dump": {
    separator: ",",
    before(chunk, peer, zoneName) {
      writePresharedKey(chunk, peer);
      writeEndpointColumn(chunk, peer, zoneName);
      chunk.text("\t");
    },
    after(chunk, peer) {
      writeHandshake(chunk, peer);
      writeTransfer(chunk, peer);
      writeKeepalive(chunk, peer);
    },
  },
};

function writePresharedKey(chunk: UapiChunk, { presharedKey }: PrintedPeer): void {
  chunk.text("\t");
  writeKey(chunk, presharedKey);
}

function writeEndpointColumn(
  chunk: UapiChunk,
  { endpoint }: PrintedPeer,
  zoneName: ZoneName,
): void {
  chunk.text("\t");
  if (endpoint === null) chunk.text(NONE);
  else writeEndpoint(chunk, endpoint, zoneName);
}

function writeHandshake(chunk: UapiChunk, { lastHandshake }: PrintedPeer): void {
  writeNumber(chunk, Math.floor(lastHandshake / 1000));
}

function writeTransfer(chunk: UapiChunk, { receivedBytes, sentBytes }: PrintedPeer): void {
  writeNumber(chunk, receivedBytes);
  writeNumber(chunk, sentBytes);
}

function writeKeepalive(chunk: UapiChunk, peer: PrintedPeer): void {
  if (peer.persistentKeepaliveInterval === 0) chunk.text("\toff");
  else writeNumber(chunk, peer.persistentKeepaliveInterval);
}

function writeNumber(chunk: UapiChunk, value: number): void {
  chunk.text("\t");
  chunk.text(String(value));
}

function writeKey(chunk: UapiChunk, key: Uint8Array | null): void {
  if (isKey(key)) chunk.base64Key(key);
  else chunk.text(NONE);
}

function isKey(key: Uint8Array | null): key is Uint8Array {
  return key !== null && !isZeroKey(key);
}
