import assert from "node:assert/strict";
import { decodeAddress } from "../../../core/netlink/address.ts";
import { NetlinkFormatError } from "../../../core/netlink/attributes.ts";
import { decodeFamilyId } from "../../../core/netlink/generic.ts";
import { decodeLink } from "../../../core/netlink/link.ts";
import { decodeAcknowledgement, decodeMessages } from "../../../core/netlink/message.ts";
import { decodeRoute } from "../../../core/netlink/route.ts";
import { decodeRule } from "../../../core/netlink/rule.ts";
import { decodeDevice, joinDevice } from "../../../core/netlink/wireguard_get.ts";
import { formatShowField } from "../../../core/show/fields.ts";
import { SHOW_FIELDS } from "../../../core/show/field_names.ts";
import type { SeededRandom } from "../../core/seeded_random.ts";
import { mutateBytes, pick } from "../mutate.ts";
import type { Input, Target } from "../target.ts";

/** An attribute of `type` around `payload`, padded to 4 bytes. */
function attribute(type: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array((4 + payload.length + 3) & ~3);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 4 + payload.length, true);
  view.setUint16(2, type, true);
  bytes.set(payload, 4);
  return bytes;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function randomBytes(random: SeededRandom, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  random.fill(bytes);
  return bytes;
}

/** Mostly `size` bytes, sometimes a few more or fewer. */
function value(random: SeededRandom, size: number): Uint8Array {
  return randomBytes(random, random.chance(98) ? size : random.below(2 * size + 4));
}

const NESTED = 0x8000;

function some(random: SeededRandom, most: number, make: () => Uint8Array): Uint8Array {
  return join(Array.from({ length: random.below(most + 1) }, make));
}

function allowedIp(random: SeededRandom): Uint8Array {
  const [family, size] = random.chance(50) ? [2, 4] : [10, 16];
  const number = random.chance(99) ? family : random.below(20);
  const length = random.below(random.chance(99) ? size * 8 + 1 : 256);
  return attribute(
    random.below(3),
    join([
      attribute(1, Uint8Array.of(number, 0)),
      attribute(2, value(random, size)),
      attribute(3, Uint8Array.of(length)),
    ].filter(() => random.chance(99))),
  );
}

function socketAddress(random: SeededRandom): Uint8Array {
  const [family, size] = random.chance(50) ? [2, 16] : [10, 28];
  const bytes = value(random, size);
  if (bytes.length > 1) bytes.set([random.chance(98) ? family : random.below(30), 0]);
  return bytes;
}

function peer(random: SeededRandom): Uint8Array {
  const parts = [
    attribute(1, random.chance(70) ? new Uint8Array(32).fill(7) : value(random, 32)),
    attribute(2, random.chance(70) ? value(random, 32) : new Uint8Array(32)),
    attribute(4, socketAddress(random)),
    attribute(5, value(random, 2)),
    attribute(6, value(random, 16)),
    attribute(7, value(random, 8)),
    attribute(8, value(random, 8)),
    attribute(9 | NESTED, some(random, 5, () => allowedIp(random))),
    attribute(10, Uint8Array.of(1, 0, 0, 0)),
  ].filter((_, index) => random.chance(index === 0 ? 99 : 70));
  return attribute(NESTED, join(parts));
}

/** What the kernel's WireGuard tells of an interface, in several messages. */
export const genericNetlink: Target = {
  name: "generic-netlink",
  sources: ["attributes", "generic", "message", "wireguard_get", "wireguard_endpoint"]
    .map((name) => `core/netlink/${name}.ts`),
  generate(random: SeededRandom): Uint8Array {
    const payload = join([
      Uint8Array.of(random.below(3), 1, 0, 0),
      ...[
        attribute(1, Uint8Array.of(16 + random.below(16), 0)),
        attribute(2, new TextEncoder().encode("wg0\0")),
        attribute(3, value(random, 32)),
        attribute(4, value(random, 32)),
        attribute(6, value(random, 2)),
        attribute(7, value(random, 4)),
        attribute(8 | NESTED, some(random, 4, () => peer(random))),
      ].filter(() => random.chance(80)),
    ]);
    const datagram = join(
      Array.from({ length: 1 + random.below(2) }, () => message(random, payload)),
    );
    return random.chance(50) ? datagram : mutateBytes(random, datagram);
  },
  run: (input) =>
    decode(input, (payloads) => {
      const zoneOf = (scopeId: number) => String(scopeId);
      const parts = payloads.map((payload) => decodeDevice(payload, zoneOf));
      const state = joinDevice("wg0", parts);
      for (const field of SHOW_FIELDS) formatShowField(state, field, false);
      decodeFamilyId(payloads[0] ?? new Uint8Array(0));
    }),
};

/** A message with `payload`; an acknowledgement of it now and then. */
function message(random: SeededRandom, payload: Uint8Array): Uint8Array {
  const type = random.chance(80) ? 28 : pick(random, [2, 3]);
  const flags = pick(random, [0, 2, 0x10, 0x100, 0x200, 0x300]);
  const explanation = join([
    attribute(1, new TextEncoder().encode("No such device\0")),
    attribute(2, value(random, 4)),
  ]);
  const echoed = random.chance(50) ? 16 : 20;
  const body = type === 28 ? payload : type === 3 ? join([value(random, 4), explanation]) : join([
    value(random, 4),
    Uint8Array.of(echoed, 0, 0, 0),
    new Uint8Array(echoed - 4),
    explanation,
  ]);
  const header = new Uint8Array(16);
  const view = new DataView(header.buffer);
  view.setUint32(0, 16 + body.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  return join([header, body, new Uint8Array(-body.length & 3)]);
}

/** Whether a datagram is what `read` can read; all else must be refused in netlink's words. */
function decode(input: Input, read: (payloads: Uint8Array[]) => void): boolean {
  assert(input instanceof Uint8Array);
  try {
    const messages = decodeMessages(input);
    for (const message of messages) {
      if (message.type < 16) assert(decodeAcknowledgement(message).errno >= 0);
    }
    read(messages.filter(({ type }) => type >= 16).map(({ payload }) => payload));
    return true;
  } catch (error) {
    if (error instanceof NetlinkFormatError) return false;
    throw error;
  }
}

const ROUTING = [
  { decode: decodeLink, header: 16 },
  { decode: decodeAddress, header: 8 },
  { decode: decodeRoute, header: 12 },
  { decode: decodeRule, header: 12 },
];

/** What the kernel tells of links, addresses, routes and rules. */
export const routingNetlink: Target = {
  name: "routing-netlink",
  sources: ["link", "address", "route", "rule", "attributes"]
    .map((name) => `core/netlink/${name}.ts`),
  generate(random: SeededRandom): Uint8Array {
    const which = random.below(ROUTING.length);
    const header = new Uint8Array(ROUTING[which]?.header ?? 0);
    for (let i = 0; i < header.length; i++) header[i] = random.chance(60) ? 0 : random.below(256);
    header[0] = pick(random, [0, 2, 2, 2, 10, 10, 10, 7]);
    if (header[0] === 2) header[1] = random.below(random.chance(95) ? 33 : 256);
    const sizes = [1, 2, 4, 4, 4, 4, 8, 16, 16, 20];
    const attributes = Array.from({ length: random.below(8) }, () => attributeOf(random, sizes));
    const payload = join([Uint8Array.of(which), header, ...attributes]);
    return random.chance(80) ? payload : mutateBytes(random, payload);
  },
  run(input: Input): boolean {
    assert(input instanceof Uint8Array);
    try {
      ROUTING[(input[0] ?? 0) % ROUTING.length]?.decode(input.subarray(1));
      return true;
    } catch (error) {
      if (error instanceof NetlinkFormatError) return false;
      throw error;
    }
  },
};

function attributeOf(random: SeededRandom, sizes: readonly number[]): Uint8Array {
  const type = random.below(70);
  if (random.chance(10)) {
    const text = new TextEncoder().encode(pick(random, ["eth0\0", "wireguard\0", "tun\0", "x"]));
    return attribute(type, random.chance(50) ? text : attribute(1 + random.below(2), text));
  }
  return attribute(type, randomBytes(random, pick(random, sizes)));
}
