/** The kernel's side of WireGuard on generic netlink, as drivers/net/wireguard/netlink.c has it. */
import assert from "node:assert/strict";
import type { InterfaceChange } from "../../../core/interface_change.ts";
import {
  type Attribute,
  AttributeEncoder,
  decodeAttributes,
  NLA_F_NESTED,
} from "../../../core/netlink/attributes.ts";

/** A peer; keys and addresses in hex, so that they can be compared. */
export interface ModelPeer {
  presharedKey: string;
  /** The socket address in hex; "" when there is none. */
  endpoint: string;
  persistentKeepalive: number;
  seconds: bigint;
  nanoseconds: bigint;
  receivedBytes: bigint;
  sentBytes: bigint;
  /** `FAMILY ADDRESS/LENGTH`, in the order of insertion. */
  allowedIps: string[];
}

const ZERO_KEY = "0".repeat(64);
const hex = (bytes: Uint8Array) => bytes.toHex();

/** A kernel interface. */
export class ModelDevice {
  privateKey = ZERO_KEY;
  listenPort = 0;
  fwmark = 0;
  readonly peers = new Map<string, ModelPeer>();

  /** Carries out WG_CMD_SET_DEVICE. */
  set(payload: Uint8Array): void {
    assert.deepEqual([...payload.subarray(0, 4)], [1, 1, 0, 0], "command, version");
    const attributes = byType(decodeAttributes(payload, 4), 8);
    assert.equal(attributes.get(2)?.string(), "wg0");
    if (((attributes.get(5)?.u32() ?? 0) & 1) !== 0) this.peers.clear();
    this.listenPort = attributes.get(6)?.u16() ?? this.listenPort;
    this.fwmark = attributes.get(7)?.u32() ?? this.fwmark;
    const privateKey = attributes.get(3)?.bytes(32);
    if (privateKey !== undefined) this.privateKey = hex(privateKey);
    for (const peer of nested(attributes.get(8))) this.#setPeer(byType(nested(peer), 10));
  }

  /** The same by other means. */
  change({ privateKey, listenPort, fwmark, replacePeers, peers }: InterfaceChange): void {
    if (replacePeers) this.peers.clear();
    if (privateKey !== undefined) this.privateKey = hex(privateKey);
    this.listenPort = listenPort ?? this.listenPort;
    this.fwmark = fwmark ?? this.fwmark;
    for (const change of peers) {
      const publicKey = hex(change.publicKey);
      if (change.remove) this.peers.delete(publicKey);
      if (change.remove || (change.updateOnly && !this.peers.has(publicKey))) continue;
      const peer = this.#peer(publicKey);
      if (change.presharedKey !== undefined) peer.presharedKey = hex(change.presharedKey);
      peer.persistentKeepalive = change.persistentKeepalive ?? peer.persistentKeepalive;
      if (change.endpoint !== undefined) {
        const { address, port, zone } = change.endpoint;
        const bigEndian = port.toString(16).padStart(4, "0");
        peer.endpoint = address.family === 4
          ? `0200${bigEndian}${hex(address.bytes)}${"00".repeat(8)}`
          : `0a00${bigEndian}00000000${hex(address.bytes)}${
            hex(new Uint8Array(Uint32Array.of(Number(zone)).buffer))
          }`;
      }
      if (change.replaceAllowedIps) peer.allowedIps = [];
      for (const { prefix, remove } of change.allowedIps) {
        const text = `${prefix.family} ${hex(prefix.address.bytes)}/${prefix.length}`;
        this.#moveAllowedIp(publicKey, text, remove);
      }
    }
  }

  /** Answers WG_CMD_GET_DEVICE with messages of at most `limit` bytes, if a peer fits that. */
  dump(limit: number): Uint8Array[] {
    const messages: Uint8Array[] = [];
    const peers = [...this.peers];
    for (let index = 0, from = 0; messages.length === 0 || index < peers.length;) {
      const encoder = new AttributeEncoder(Uint8Array.of(0, 1, 0, 0));
      let size = 4;
      if (messages.length === 0) {
        encoder.u16(6, this.listenPort).u32(7, this.fwmark).u32(1, 42).string(2, "wg0");
        if (this.privateKey !== ZERO_KEY) {
          encoder.bytes(3, Uint8Array.fromHex(this.privateKey));
          encoder.bytes(4, Uint8Array.fromHex(this.privateKey).reverse());
        }
        size += 116;
      }
      encoder.nested(8 | NLA_F_NESTED, (list) => {
        for (; index < peers.length; index++, from = 0) {
          const [publicKey, peer] = peers[index] ?? assert.fail();
          size += 196;
          if (size > limit && size > 4 + 116 + 196) return;
          let isWhole = true;
          list.nested(NLA_F_NESTED, (nest) => {
            nest.bytes(1, Uint8Array.fromHex(publicKey));
            if (from === 0) appendActivity(nest, peer);
            if (peer.allowedIps.length === 0) return;
            nest.nested(9 | NLA_F_NESTED, (allowedIps) => {
              const start = from;
              for (; from < peer.allowedIps.length; from++) {
                size += 40;
                isWhole = from === start || size <= limit;
                if (!isWhole) return;
                appendAllowedIp(allowedIps, peer.allowedIps[from] ?? assert.fail());
              }
            });
          });
          if (!isWhole) return;
        }
      });
      messages.push(encoder.finish());
    }
    return messages;
  }

  #setPeer(attributes: Map<number, Attribute>): void {
    const publicKey = hex(attributes.get(1)?.bytes(32) ?? assert.fail("no public key"));
    const flags = attributes.get(3)?.u32() ?? 0;
    assert.equal(flags & ~7, 0);
    const [remove, replace, updateOnly] = [1, 2, 4].map((bit) => (flags & bit) !== 0);
    if (remove) this.peers.delete(publicKey);
    if (remove || (updateOnly && !this.peers.has(publicKey))) return;
    const peer = this.#peer(publicKey);
    peer.presharedKey = hexOf(attributes.get(2), 32) ?? peer.presharedKey;
    peer.endpoint = hexOf(attributes.get(4)) ?? peer.endpoint;
    if (replace) peer.allowedIps = [];
    for (const nest of nested(attributes.get(9))) {
      const allowedIp = byType(nested(nest), 4);
      const family = allowedIp.get(1)?.u16() === 2 ? 4 : 6;
      const address = hexOf(allowedIp.get(2), family === 4 ? 4 : 16);
      const removed = allowedIp.get(4)?.u32() === 1;
      this.#moveAllowedIp(publicKey, `${family} ${address}/${allowedIp.get(3)?.u8()}`, removed);
    }
    peer.persistentKeepalive = attributes.get(5)?.u16() ?? peer.persistentKeepalive;
  }

  #moveAllowedIp(publicKey: string, text: string, remove: boolean): void {
    for (const [key, peer] of this.peers) {
      if (remove && key !== publicKey) continue;
      peer.allowedIps = peer.allowedIps.filter((other) => other !== text);
      if (!remove && key === publicKey) peer.allowedIps.push(text);
    }
  }

  #peer(publicKey: string): ModelPeer {
    const peer = this.peers.get(publicKey) ?? {
      presharedKey: ZERO_KEY,
      endpoint: "",
      persistentKeepalive: 0,
      seconds: 0n,
      nanoseconds: 0n,
      receivedBytes: 0n,
      sentBytes: 0n,
      allowedIps: [],
    };
    this.peers.set(publicKey, peer);
    return peer;
  }
}

function appendActivity(nest: AttributeEncoder, peer: ModelPeer): void {
  nest.bytes(2, Uint8Array.fromHex(peer.presharedKey));
  nest.bytes(6, new Uint8Array(BigInt64Array.of(peer.seconds, peer.nanoseconds).buffer));
  nest.u16(5, peer.persistentKeepalive);
  nest.bytes(8, new Uint8Array(BigUint64Array.of(peer.sentBytes).buffer));
  nest.bytes(7, new Uint8Array(BigUint64Array.of(peer.receivedBytes).buffer));
  nest.u32(10, 1);
  if (peer.endpoint !== "") nest.bytes(4, Uint8Array.fromHex(peer.endpoint));
}

function appendAllowedIp(list: AttributeEncoder, text: string): void {
  const [family, address = "", length] = text.split(/[ /]/);
  list.nested(NLA_F_NESTED, (nest) => {
    nest.u8(3, Number(length)).u16(1, family === "4" ? 2 : 10).bytes(
      2,
      Uint8Array.fromHex(address),
    );
  });
}

/** As nla_parse_nested() is strict: no type twice, none above `last`, nests marked as such. */
function byType(attributes: Attribute[], last: number): Map<number, Attribute> {
  const map = new Map(attributes.map((attribute) => [attribute.type, attribute]));
  assert.equal(map.size, attributes.length);
  for (const type of map.keys()) assert.ok(type > 0 && type <= last, `type ${type}`);
  return map;
}

function nested(attribute: Attribute | undefined): Attribute[] {
  if (attribute === undefined) return [];
  assert.ok((attribute.rawType & NLA_F_NESTED) !== 0, "NLA_F_NESTED is missing");
  return attribute.nested();
}

function hexOf(attribute: Attribute | undefined, size?: number): string | undefined {
  if (size !== undefined) attribute?.bytes(size);
  return attribute === undefined ? undefined : hex(attribute.payload);
}
