import assert from "node:assert/strict";
import { createWasmCrypto, WASM_SCRATCH_SIZE } from "../../../core/crypto/wasm.ts";
import { Device } from "../../../core/device.ts";
import type { DeviceEvent } from "../../../core/device_event.ts";
import { Endpoint } from "../../../core/endpoint.ts";
import { memoryOf } from "../../../core/memory.ts";
import { CookieChecker } from "../../../core/noise/cookie.ts";
import { COOKIE_REPLY_SIZE } from "../../../core/noise/messages.ts";
import { TransmitBuffer } from "../../../core/transmit_buffer.ts";
import { systemRandom } from "../../../cli/random.ts";
import { Initiator } from "./initiator.ts";
import { generateKeyPairs, type KeyPair } from "./keys.ts";

const SOURCE = new Endpoint(Uint8Array.of(192, 0, 2, 1), 4321);
/** Where things are in the responder's memory; the cryptography's own state is at 0. */
const KEY_SLOTS = { offset: 1 << 16, length: 64 * 32 };
const BATCH_LIST = { offset: 2 << 16, length: 256 * 16 };
const RECEIVED = 3 << 16;
const TRANSMIT = { offset: 4 << 16, length: 1 << 18 };
const PAGES = 8;

/** A device that is up, with `initiator` as its peer. */
class Responder {
  readonly events: DeviceEvent["type"][] = [];
  readonly crypto;
  readonly #memory;
  readonly #device: Device;
  readonly #transmit = new TransmitBuffer(TRANSMIT.offset, TRANSMIT.length);

  constructor(own: KeyPair, initiator: KeyPair) {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
    assert.ok(WASM_SCRATCH_SIZE <= KEY_SLOTS.offset);
    this.crypto = createWasmCrypto(memory, 0);
    this.#memory = memoryOf(memory.buffer);
    this.#device = new Device({
      memory: this.#memory,
      crypto: this.crypto,
      random: systemRandom,
      keySlots: KEY_SLOTS,
      batchList: BATCH_LIST,
      transmit: this.#transmit,
    });
    const now = { boot: 0, wall: 0 };
    this.#device.onEvent = ({ type }) => this.events.push(type);
    this.#device.setPrivateKey(own.private, now);
    this.#device.addPeer(initiator.public);
    this.#device.up(now);
  }

  /** Gives it a datagram; returns those that it sends. */
  take(message: Uint8Array, boot: number): Uint8Array[] {
    const now = { boot, wall: 1.7e12 + boot };
    this.#memory.bytes.set(message, RECEIVED);
    this.#device.receive(RECEIVED, message.length, SOURCE, now);
    this.#device.completeReceive(now);
    this.#device.processNextHandshake(now);
    const { outgoing } = this.#device;
    const sent: Uint8Array[] = [];
    for (let at = 0; at < outgoing.count; at++) {
      const offset = outgoing.offset(at);
      sent.push(this.#memory.bytes.slice(offset, offset + outgoing.length(at)));
    }
    outgoing.clear();
    this.#transmit.reset();
    return sent;
  }
}

function create(): { own: KeyPair; responder: Responder; initiator: Initiator } {
  const [own, other] = generateKeyPairs(2);
  assert.ok(own && other);
  const responder = new Responder(own, other);
  const initiator = new Initiator(responder.crypto.handshake, other.private, own.public);
  return { own, responder, initiator };
}

Deno.test("one peer completes handshake after handshake, each confirmed", () => {
  const { responder, initiator } = create();
  for (let round = 1; round <= 3; round++) {
    const boot = 1000 * round;
    const now = { boot, wall: 1.7e12 + boot };
    const [response, ...others] = responder.take(initiator.initiate(now), boot);
    assert.ok(response !== undefined && others.length === 0);
    assert.equal(initiator.receive(response, now), "completed");
    assert.equal(initiator.receive(response, now), "nothing", "it is answered once");
    responder.take(initiator.confirmation, boot);
    const completed = responder.events.filter((type) => type === "handshake-completed");
    assert.equal(completed.length, round);
  }
});

Deno.test("a cookie is used from the next initiation on", () => {
  const { own, responder, initiator } = create();
  const now = { boot: 1000, wall: 1.7e12 };
  const checker = new CookieChecker(responder.crypto.handshake, systemRandom, own.public);
  const initiation = initiator.initiate(now);
  assert.ok(checker.checkMac1(initiation));
  const reply = new Uint8Array(COOKIE_REPLY_SIZE);
  checker.createReply(reply, initiation, SOURCE, now.boot);
  assert.equal(initiator.receive(reply, now), "cookie");
  assert.ok(checker.checkMac2(initiator.initiate(now), SOURCE, now.boot));
});

Deno.test("other datagrams mean nothing", () => {
  const { initiator } = create();
  const now = { boot: 1000, wall: 1.7e12 };
  initiator.initiate(now);
  for (const size of [0, 32, 64, 92, 148]) {
    const message = new Uint8Array(size);
    if (size > 0) message[0] = size === 92 ? 2 : size === 64 ? 3 : 4;
    assert.equal(initiator.receive(message, now), "nothing");
  }
});
