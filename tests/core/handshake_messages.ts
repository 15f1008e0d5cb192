/** What tests of handshakes send: messages of strangers, and captured ones. */

import assert from "node:assert/strict";
import { createNobleCrypto } from "../../core/crypto/noble.ts";
import type { Endpoint } from "../../core/endpoint.ts";
import { memoryOf } from "../../core/memory.ts";
import { CookieGenerator } from "../../core/noise/cookie.ts";
import {
  type Datagram,
  type Host,
  ipv4Packet,
  publicKeyOf,
  type Simulation,
  typeOf,
  udpEndpoint,
} from "./sim.ts";

export const INITIATION = 1;
export const RESPONSE = 2;
export const COOKIE_REPLY = 3;
export const UNDER_LOAD = 512;
export const ELSEWHERE = udpEndpoint([203, 0, 113, 9], 9);

/** Lets `bytes` arrive without giving the host time to process it. */
export function queue(host: Host, bytes: Uint8Array, from: Endpoint): void {
  const at = 128 << 10;
  host.memory.bytes.set(bytes, at);
  host.device.receive(at, bytes.length, from, host.sim.now);
}

/** Somebody who knows a host's public key, and nothing else. */
export class Stranger {
  readonly #cookies: CookieGenerator;

  constructor(readonly host: Host, readonly address: Endpoint = ELSEWHERE) {
    const crypto = createNobleCrypto(memoryOf(new ArrayBuffer(0)));
    this.#cookies = new CookieGenerator(crypto.handshake, publicKeyOf(host));
  }

  /** An initiation with valid MACs and nonsense otherwise. */
  initiation(): Uint8Array {
    const { sim } = this.host;
    const message = new Uint8Array(148);
    sim.random.fill(message);
    message.set([INITIATION, 0, 0, 0]);
    this.#cookies.addMacs(message, sim.now.boot);
    return message;
  }

  send(count: number): void {
    for (let i = 0; i < count; i++) queue(this.host, this.initiation(), this.address);
  }

  takeCookie(reply: Uint8Array): boolean {
    return this.#cookies.consumeReply(reply, this.host.sim.now.boot);
  }
}

/** The datagrams to `to` of `type` that the network recorded. */
export function sentTo(sim: Simulation, to: Endpoint, type: number): Datagram[] {
  return sim.network.log.filter(({ to: target, bytes }) =>
    target.sameRemote(to) && typeOf(bytes) === type
  );
}

/** Lets `a` begin a handshake whose initiation the network doesn't carry. */
export function captureInitiation(a: Host, b: Host): Uint8Array {
  let captured: Uint8Array | undefined;
  const { network } = a.sim;
  const { adversary } = network;
  network.adversary = ({ bytes }) => {
    captured = bytes;
    return false;
  };
  a.send(ipv4Packet(a, b, 1));
  network.adversary = adversary;
  assert.ok(captured && typeOf(captured) === INITIATION);
  return captured;
}
