import assert from "node:assert/strict";
import fc from "fast-check";
import type { AllowedIpChange, InterfaceChange } from "../../../core/interface_change.ts";
import type { InterfaceState } from "../../../core/interface_state.ts";
import { IpAddress, IpPrefix } from "../../../core/ip.ts";
import { NetlinkFormatError } from "../../../core/netlink/attributes.ts";
import { decodeFamilyId, getFamily } from "../../../core/netlink/generic.ts";
import { decodeDevice, getDevice, joinDevice } from "../../../core/netlink/wireguard_get.ts";
import { SET_DEVICE_LIMIT, setDevice, splitChange } from "../../../core/netlink/wireguard_set.ts";
import { ModelDevice, type ModelPeer } from "./wireguard_model.ts";

const FAMILY = 30;
/** The least that {@linkcode splitChange} takes. */
const LEAST_LIMIT = 264;

/** Few keys, so that they come again. */
const publicKey = fc.nat(5).map((seed) => new Uint8Array(32).fill(seed));
const secretKey = fc.uint8Array({ minLength: 32, maxLength: 32 });
const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc.nat(3).map((last) => Uint8Array.of(10, 0, 0, last)),
).map((bytes) => IpAddress.fromBytes(bytes));
const prefix = fc.tuple(address, fc.nat(128))
  .map(([address, length]) => new IpPrefix(address, length % (address.bits + 1)));
const endpoint = fc.record({ address, port: fc.nat(65535), zone: fc.nat(3).map(String) });

const peerChange = fc.record({
  publicKey,
  remove: fc.boolean(),
  updateOnly: fc.boolean(),
  presharedKey: secretKey,
  endpoint,
  persistentKeepalive: fc.nat(65535),
  replaceAllowedIps: fc.boolean(),
  allowedIps: fc.array(fc.record({ prefix, remove: fc.boolean() }), { maxLength: 20 }),
}, { requiredKeys: ["publicKey", "remove", "updateOnly", "replaceAllowedIps", "allowedIps"] });

const change: fc.Arbitrary<InterfaceChange> = fc.record({
  privateKey: secretKey,
  listenPort: fc.nat(65535),
  fwmark: fc.nat(0xffff_ffff),
  replacePeers: fc.boolean(),
  peers: fc.array(peerChange, { maxLength: 8 }),
}, { requiredKeys: ["replacePeers", "peers"] });

function requests(change: InterfaceChange, limit?: number): Uint8Array[] {
  return [...splitChange(change, limit)].map((part) => {
    const { type, flags, payload } = setDevice(FAMILY, "wg0", part, Number);
    assert.deepEqual([type, flags], [FAMILY, 0]);
    return payload;
  });
}

Deno.test("a request is laid out as linux/wireguard.h says", () => {
  const [payload, ...more] = requests({
    listenPort: 51820,
    fwmark: 0x1234,
    replacePeers: true,
    peers: [{
      publicKey: new Uint8Array(32).fill(0xab),
      remove: false,
      updateOnly: true,
      endpoint: { address: parse("192.0.2.1"), port: 0x1234, zone: "" },
      persistentKeepalive: 25,
      replaceAllowedIps: true,
      allowedIps: [{ prefix: prefixOf("10.0.0.0/24"), remove: true }],
    }],
  });
  assert.equal(more.length, 0);
  assert.equal(
    payload?.toHex(),
    [
      "01010000", // command 1, version 1
      "08000200" + "77673000", // WGDEVICE_A_IFNAME "wg0"
      "06000600" + "6cca0000", // WGDEVICE_A_LISTEN_PORT
      "08000700" + "34120000", // WGDEVICE_A_FWMARK
      "08000500" + "01000000", // WGDEVICE_A_FLAGS
      "78000880" + "74000080", // WGDEVICE_A_PEERS, the first of them
      "24000100" + "ab".repeat(32), // WGPEER_A_PUBLIC_KEY
      "08000300" + "06000000", // WGPEER_A_FLAGS
      "14000400" + "02001234c0000201" + "00".repeat(8), // WGPEER_A_ENDPOINT
      "06000500" + "19000000", // WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL
      "28000980" + "24000080", // WGPEER_A_ALLOWEDIPS, the first of them
      "06000100" + "02000000", // WGALLOWEDIP_A_FAMILY
      "08000200" + "0a000000", // WGALLOWEDIP_A_IPADDR
      "05000300" + "18000000", // WGALLOWEDIP_A_CIDR_MASK
      "08000400" + "01000000", // WGALLOWEDIP_A_FLAGS
    ].join(""),
  );
});

Deno.test("messages of any size do to a device what the change says", () => {
  const limit = fc.integer({ min: LEAST_LIMIT, max: 2000 });
  fc.assert(fc.property(fc.array(change, { maxLength: 3 }), limit, (changes, limit) => {
    const device = new ModelDevice(), reference = new ModelDevice();
    for (const change of changes) {
      for (const payload of requests(change, limit)) {
        assert.ok(payload.length <= limit, `${payload.length} > ${limit}`);
        device.set(payload);
      }
      reference.change(change);
    }
    assert.deepEqual(device, reference);
  }));
});

Deno.test("only the first message replaces, and nobody comes back by a later one", () => {
  const allowedIps: AllowedIpChange[] = Array.from({ length: 130_560 }, (_, i) => ({
    prefix: new IpPrefix(IpAddress.fromBytes(Uint8Array.of(10, i >> 16, i >> 8, i)), 32),
    remove: false,
  }));
  const parts = [...splitChange({
    privateKey: new Uint8Array(32).fill(1),
    replacePeers: true,
    peers: [{
      publicKey: new Uint8Array(32).fill(2),
      remove: false,
      updateOnly: false,
      presharedKey: new Uint8Array(32).fill(3),
      replaceAllowedIps: true,
      allowedIps,
    }],
  })];
  assert.ok(parts.length > 100 && parts.length < 130, `${parts.length}`);
  for (const [index, { privateKey, replacePeers, peers }] of parts.entries()) {
    assert.equal(privateKey !== undefined, index === 0);
    assert.equal(replacePeers, index === 0);
    assert.equal(peers.length, 1);
    assert.equal(peers[0]?.replaceAllowedIps, index === 0);
    assert.equal(peers[0]?.presharedKey !== undefined, index === 0);
    assert.equal(peers[0]?.updateOnly, index > 0);
  }
  assert.deepEqual(parts.flatMap(({ peers }) => peers[0]?.allowedIps), allowedIps);
  assert.ok(requests({ replacePeers: true, peers: [] }).every((p) => p.length < SET_DEVICE_LIMIT));
});

Deno.test("a limit that no peer fits is refused, not tried for ever", () => {
  const tooSmall = splitChange({ replacePeers: false, peers: [] }, LEAST_LIMIT - 1);
  assert.throws(() => [...tooSmall], RangeError);
});

Deno.test("what can't be found out about a zone ends the request", () => {
  const peers = [{
    publicKey: new Uint8Array(32),
    remove: false,
    updateOnly: false,
    endpoint: { address: parse("fe80::1"), port: 1, zone: "nowhere" },
    replaceAllowedIps: false,
    allowedIps: [],
  }];
  const lookUp = () => {
    throw new Error("no such interface");
  };
  assert.throws(() => setDevice(FAMILY, "wg0", { replacePeers: false, peers }, lookUp), /no such/);
});

const bigCount = fc.bigInt({ min: 0n, max: BigInt(Number.MAX_SAFE_INTEGER) });
const activity = fc.record({
  seconds: bigCount,
  nanoseconds: bigCount,
  rx: bigCount,
  tx: bigCount,
});

/** Devices with all that a kernel can tell of them. */
const device = fc.tuple(change, fc.array(activity, { minLength: 8, maxLength: 8 }))
  .map(([change, activities]) => {
    const device = new ModelDevice();
    device.change(change);
    for (const peer of device.peers.values()) {
      const some = activities.pop();
      if (some === undefined) break;
      Object.assign(peer, { seconds: some.seconds, nanoseconds: some.nanoseconds });
      Object.assign(peer, { receivedBytes: some.rx, sentBytes: some.tx });
    }
    return device;
  });

/** The state of `device`, read off the model. */
function stateOf(device: ModelDevice): InterfaceState {
  const privateKey = keyOf(device.privateKey);
  return {
    name: "wg0",
    privateKey,
    publicKey: privateKey === null ? null : new Uint8Array(privateKey).reverse(),
    listenPort: device.listenPort,
    fwmark: device.fwmark,
    peers: [...device.peers].map(([publicKey, peer]) => ({
      publicKey: Uint8Array.fromHex(publicKey),
      presharedKey: keyOf(peer.presharedKey),
      endpoint: endpointOf(peer),
      lastHandshake: { seconds: Number(peer.seconds), nanoseconds: Number(peer.nanoseconds) },
      receivedBytes: Number(peer.receivedBytes),
      sentBytes: Number(peer.sentBytes),
      persistentKeepalive: peer.persistentKeepalive,
      allowedIps: peer.allowedIps.map((text) => {
        const [, address = "", length] = text.split(/[ /]/);
        return `${IpAddress.fromBytes(Uint8Array.fromHex(address))}/${length}`;
      }),
    })),
  };
}

function endpointOf({ endpoint: hex }: ModelPeer) {
  if (hex === "") return null;
  const port = parseInt(hex.slice(4, 8), 16);
  const isIpv4 = hex.startsWith("02");
  const address = IpAddress.fromBytes(
    Uint8Array.fromHex(isIpv4 ? hex.slice(8, 16) : hex.slice(16, 48)),
  );
  const scope = isIpv4 ? 0 : Number(hex.slice(48, 50));
  return { address, port, zone: scope === 0 ? "" : `if${scope}` };
}

const zoneOf = (index: number) => `if${index}`;

Deno.test("answers in any number of messages give the device's state", () => {
  fc.assert(fc.property(device, fc.integer({ min: 100, max: 3000 }), (device, limit) => {
    const parts = device.dump(limit).map((payload) => decodeDevice(payload, zoneOf));
    assert.deepEqual(joinDevice("wg0", parts), stateOf(device));
  }));
});

Deno.test("what is decoded holds nothing of the message's memory, which is wiped", () => {
  const device = new ModelDevice();
  device.privateKey = "11".repeat(32);
  device.change({
    replacePeers: false,
    peers: [{
      publicKey: new Uint8Array(32).fill(2),
      remove: false,
      updateOnly: false,
      presharedKey: new Uint8Array(32).fill(3),
      endpoint: { address: parse("2001:db8::1"), port: 1, zone: "" },
      replaceAllowedIps: false,
      allowedIps: [{ prefix: prefixOf("10.0.0.0/24"), remove: false }],
    }],
  });
  const [payload = new Uint8Array()] = device.dump(3000);
  const part = decodeDevice(payload, zoneOf);
  payload.fill(0);
  assert.deepEqual(joinDevice("wg0", [part]), stateOf(device));
});

Deno.test("any answer decodes or is refused, and takes no more than its size", () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 });
  const damaged = fc.tuple(device, damage, fc.nat()).map(([device, damage, length]) => {
    const [first = new Uint8Array()] = device.dump(2000);
    const payload = first.slice(0, first.length - length % 8);
    for (const [at, value] of damage) payload[at % payload.length] = value;
    return payload;
  });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (payload) => {
      let parts;
      try {
        parts = [decodeDevice(payload, zoneOf), decodeDevice(payload, zoneOf)];
      } catch (error) {
        assert.ok(error instanceof NetlinkFormatError, String(error));
        return;
      }
      const { peers } = joinDevice("wg0", parts);
      const count = peers.reduce((sum, peer) => sum + 1 + peer.allowedIps.length, 0);
      assert.ok(count <= payload.length / 2);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("attributes, families and sizes that nobody knows yet", () => {
  const device = new ModelDevice();
  device.change({ replacePeers: false, peers: [] });
  const [payload = new Uint8Array()] = device.dump(3000);
  const unknown = Uint8Array.of(...payload, 8, 0, 99, 0, 1, 2, 3, 4);
  assert.deepEqual(joinDevice("wg0", [decodeDevice(unknown, zoneOf)]), stateOf(device));
  const peer = (attribute: number[]) =>
    Uint8Array.of(0, 1, 0, 0, ...nest(8, nest(0, [...nest(1, Array(32).fill(7)), ...attribute])));
  const decode = (attribute: number[]) => decodeDevice(peer(attribute), zoneOf).peers[0];
  assert.equal(decode(nest(4, [1, 0, 0, 0]))?.endpoint, null, "AF_UNIX");
  assert.equal(decode(nest(4, [2, 0, 0, 0]))?.endpoint, null, "too short for AF_INET");
  assert.equal(decode(nest(4, [2]))?.endpoint, null);
  for (
    const [what, attribute] of [
      ["a counter of 4 bytes", nest(7, [1, 2, 3, 4])],
      ["a time of 8 bytes", nest(6, Array(8).fill(0))],
      ["a preshared key of 31 bytes", nest(2, Array(31).fill(0))],
      ["an allowed IP without an address", nest(9, nest(0, [...nest(1, [2, 0]), ...nest(3, [1])]))],
      ["a prefix of 33 bits", nest(9, nest(0, [...nest(1, [2, 0]), ...ipv4(), ...nest(3, [33])]))],
      ["IPv4 as IPv6", nest(9, nest(0, [...nest(1, [10, 0]), ...ipv4(), ...nest(3, [1])]))],
    ] as const
  ) assert.throws(() => decode([...attribute]), NetlinkFormatError, what);
  assert.throws(() => decodeDevice(Uint8Array.of(0, 1, 0, 0, ...nest(8, nest(0, []))), zoneOf), {
    message: /without a public key/,
  });
});

Deno.test("requests for the state, and for the family's number", () => {
  const { type, flags, payload } = getDevice(FAMILY, "wg0");
  assert.deepEqual([type, flags], [FAMILY, 0x300]);
  assert.equal(payload.toHex(), "00010000" + "08000200" + "77673000");
  assert.throws(() => getDevice(FAMILY, "sixteen_letters_"), RangeError);
  const family = getFamily("wireguard");
  assert.deepEqual([family.type, family.flags], [16, 0]);
  assert.equal(family.payload.toHex(), "03010000" + "0e000200" + "77697265677561726400" + "0000");
  assert.equal(decodeFamilyId(Uint8Array.of(1, 2, 0, 0, ...nest(2, [1]), ...nest(1, [30, 0]))), 30);
  assert.throws(() => decodeFamilyId(Uint8Array.of(1, 2, 0, 0)), NetlinkFormatError);
  assert.throws(
    () => decodeFamilyId(Uint8Array.of(1, 2, 0, 0, ...nest(1, [3]))),
    NetlinkFormatError,
  );
});

function ipv4(): number[] {
  return nest(2, [10, 0, 0, 0]);
}

/** An attribute with its padding. */
function nest(type: number, payload: readonly number[]): number[] {
  const length = 4 + payload.length;
  const padding = Array<number>((4 - length % 4) % 4).fill(0);
  return [length & 0xff, length >> 8, type, 0, ...payload, ...padding];
}

function keyOf(hex: string): Uint8Array | null {
  return /^0*$/.test(hex) ? null : Uint8Array.fromHex(hex);
}

function parse(text: string): IpAddress {
  return IpAddress.parse(text) ?? assert.fail(text);
}

function prefixOf(text: string): IpPrefix {
  return IpPrefix.parse(text) ?? assert.fail(text);
}
