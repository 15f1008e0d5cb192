/** One way to break a safety property, and the test that must notice. */
export interface Mutant {
  /** What no longer holds. */
  property: string;
  /** The file to change, from the root of the repository. */
  file: string;
  /** What to replace: it must occur exactly once. */
  snippet: string;
  replacement: string;
  /** The file of the test that must fail, and its name. */
  testFile: string;
  test: string;
}

const TRANSPORT_TEST = "tests/core/device_transport_test.ts";
const TIMERS_TEST = "tests/core/device_timers_test.ts";
const HANDSHAKE_TEST = "tests/core/device_handshake_test.ts";
const LOAD_TEST = "tests/core/device_load_test.ts";
const DEVICE_TEST = "tests/core/device_test.ts";

/** Every property that keeps an attacker out, broken in turn. */
export const MUTANTS: Mutant[] = [
  {
    property: "replayed transport data is dropped",
    file: "core/transport_receiver.ts",
    snippet: "if (session.erased || !session.acceptCounter(message)) return;",
    replacement: "if (session.erased) return;",
    testFile: TRANSPORT_TEST,
    test: "transport: a datagram is delivered once, however often it comes",
  },
  {
    property: "a replay doesn't roam",
    file: "core/transport_receiver.ts",
    snippet: "    if (session.erased || !session.acceptCounter(message)) return;\n",
    replacement: "    session.peer.updateEndpoint(source);\n" +
      "    if (session.erased || !session.acceptCounter(message)) return;\n",
    testFile: TRANSPORT_TEST,
    test: "transport: a replay neither roams nor counts",
  },
  {
    property: "the replay window ends",
    file: "core/replay.ts",
    snippet: "} else if (-ahead > REPLAY_WINDOW_SIZE) {",
    replacement: "} else if (-ahead > 2 ** 60) {",
    testFile: "tests/core/replay_test.ts",
    test: "replay: the window ends 8128 behind the highest counter",
  },
  {
    property: "a peer sends from its allowed IPs only (crypto-key routing)",
    file: "core/transport_receiver.ts",
    snippet: "if (allowedIps.lookup(memory.view, packet + source, version) !== peer) return false;",
    replacement: "allowedIps.lookup(memory.view, packet + source, version);",
    testFile: TRANSPORT_TEST,
    test: "transport: a packet from an address that isn't the peer's is dropped, but roams",
  },
  {
    property: "the last owner of a prefix wins",
    file: "core/allowed_ips.ts",
    snippet: "    this.#disown(node);\n    node.owner = owner;\n",
    replacement: "    if (node.owner !== null) return;\n    node.owner = owner;\n",
    testFile: "tests/core/allowed_ips_test.ts",
    test: "allowed IPs: the last owner of a prefix wins, and host bits don't count",
  },
  {
    property: "the length in the IP header fits",
    file: "core/packet.ts",
    snippet: "claimed < least || claimed > length ? -1 : claimed",
    replacement: "claimed",
    testFile: TRANSPORT_TEST,
    test: "transport: what isn't a whole IP packet is dropped",
  },
  {
    property: "nothing is sent after REJECT_AFTER_TIME",
    file: "core/session.ts",
    snippet: "return this.canReceive(now) &&",
    replacement: "return this.canReceive(this.createdAt) &&",
    testFile: TIMERS_TEST,
    test: "6.2: nothing is sent after REJECT_AFTER_TIME",
  },
  {
    property: "nothing is received after REJECT_AFTER_TIME",
    file: "core/transport_receiver.ts",
    snippet: "!(session instanceof Session) || !session.canReceive(now.boot)",
    replacement: "!(session instanceof Session)",
    testFile: TIMERS_TEST,
    test: "6.2: nothing is received after REJECT_AFTER_TIME",
  },
  {
    property: "nothing is sent from REJECT_AFTER_MESSAGES on",
    file: "core/session.ts",
    snippet: "!this.sendCounter.isAtLeast(REJECT_AFTER_MESSAGES_HIGH, REJECT_AFTER_MESSAGES_LOW)",
    replacement: "this.sendCounter !== null",
    testFile: TIMERS_TEST,
    test: "6.2: nothing is sent from REJECT_AFTER_MESSAGES on",
  },
  {
    property: "nothing is received from REJECT_AFTER_MESSAGES on",
    file: "core/replay.ts",
    snippet:
      "if (high === REJECT_AFTER_MESSAGES_HIGH && low >= REJECT_AFTER_MESSAGES_LOW) return false;",
    replacement: "",
    testFile: "tests/core/replay_test.ts",
    test: "replay: nothing is accepted from REJECT_AFTER_MESSAGES on",
  },
  {
    property: "no counter is used twice",
    file: "core/session.ts",
    snippet: "    counter.increment();\n",
    replacement: "",
    testFile: TIMERS_TEST,
    test: "6.2: counters go on past 2^32, 2^53 and 2^60",
  },
  {
    property: "the responder waits for the initiator's confirmation",
    file: "core/sessions.ts",
    snippet: "    if (session.initiator) {",
    replacement: "    if (true) {",
    testFile: TIMERS_TEST,
    test: "6.3: the responder doesn't send before the initiator has confirmed the session",
  },
  {
    property: "a key slot is overwritten when it is released",
    file: "core/key_slots.ts",
    snippet: "    this.#memory.bytes.fill(0, slot, slot + KEY_SLOT_SIZE);\n",
    replacement: "",
    testFile: TIMERS_TEST,
    test: "6.2: all keys are erased 3 * REJECT_AFTER_TIME after the last handshake",
  },
  {
    property: "what is kept of a peer is overwritten when the peer is removed",
    file: "core/slot_pool.ts",
    snippet: "    this.bytes(slot, 0, this.slotSize).fill(0);\n",
    replacement: "",
    testFile: DEVICE_TEST,
    test: "device: a removed peer leaves no key, index, timer, packet or allowed IP",
  },
  {
    property: "a removed peer can't reach the keys of the one that has its place",
    file: "core/noise/handshake.ts",
    snippet: "    this.#context.slots.release(this.#slot);\n    this.#slot = -1;\n",
    replacement: "    this.#context.slots.release(this.#slot);\n",
    testFile: DEVICE_TEST,
    test: "device: what holds on to a removed peer can't reach the one that has its place",
  },
  {
    property: "keys are erased 3 * REJECT_AFTER_TIME after the last handshake",
    file: "core/timers.ts",
    snippet: "    actions.eraseKeys(this.owner);\n",
    replacement: "",
    testFile: TIMERS_TEST,
    test: "6.2: all keys are erased 3 * REJECT_AFTER_TIME after the last handshake",
  },
  {
    property: "the session that a rotation drops is erased",
    file: "core/sessions.ts",
    snippet: "      this.#previous?.erase();\n      if (unconfirmed === null) {\n",
    replacement: "      if (unconfirmed === null) {\n",
    testFile: "tests/core/session_test.ts",
    test: "sessions: an initiator's becomes current at once, the one before previous",
  },
  {
    property: "a removed peer's keys are erased",
    file: "core/device.ts",
    snippet: "    peer.wipe();\n",
    replacement: "",
    testFile: DEVICE_TEST,
    test: "device: a removed peer leaves no key, index, timer, packet or allowed IP",
  },
  {
    property: "a new private key ends all sessions",
    file: "core/device.ts",
    snippet: "      peer.eraseKeys();\n",
    replacement: "",
    testFile: DEVICE_TEST,
    test: "device: a new private key ends all sessions and keeps preshared keys",
  },
  {
    property: "nothing is sealed with an erased key",
    file: "core/transport_batch.ts",
    snippet: "      if (session === null || session.erased) continue;\n",
    replacement: "      if (session === null) continue;\n",
    testFile: TRANSPORT_TEST,
    test: "transport: packets queued for a peer that is removed meanwhile are never sealed",
  },
  {
    property: "only who knows the public key gets an answer (mac1)",
    file: "core/handshake_processor.ts",
    snippet: "      case MESSAGE_INITIATION:\n        return this.#checker.checkMac1(message);\n",
    replacement: "      case MESSAGE_INITIATION:\n        return true;\n",
    testFile: HANDSHAKE_TEST,
    test: "handshake: a message whose mac1 is wrong isn't even queued",
  },
  {
    property: "under load, only who has a cookie gets an answer (mac2)",
    file: "core/handshake_processor.ts",
    snippet: "    if (checker.checkMac2(message, source, now.boot)) {\n",
    replacement: "    if (true) {\n",
    testFile: LOAD_TEST,
    test: "under load: an initiation without a cookie gets a cookie reply",
  },
  {
    property: "512 waiting handshakes are a load",
    file: "core/handshake_processor.ts",
    snippet: "if (waiting < UNDER_LOAD_HANDSHAKES) return wasUnderLoad;",
    replacement: "if (waiting < 8 * UNDER_LOAD_HANDSHAKES) return wasUnderLoad;",
    testFile: LOAD_TEST,
    test: "under load: an initiation without a cookie gets a cookie reply",
  },
  {
    property: "a cookie is bound to the port",
    file: "core/noise/cookie.ts",
    snippet: "subarray(0, address.length + PORT_SIZE)",
    replacement: "subarray(0, address.length)",
    testFile: LOAD_TEST,
    test: "under load: a cookie is good for its address and port only",
  },
  {
    property: "a cookie is bound to the address",
    file: "core/noise/cookie.ts",
    snippet: "    this.#source.set(address);\n",
    replacement: "",
    testFile: LOAD_TEST,
    test: "under load: a cookie is good for its address and port only",
  },
  {
    property: "under load, a source's messages are limited in number",
    file: "core/handshake_processor.ts",
    snippet: "if (this.#rateLimiter.allow(source.address, now.boot)) return true;",
    replacement: "if (source !== null) return true;",
    testFile: LOAD_TEST,
    test: "under load: a source with a cookie gets 5 messages at once and 20 in a second",
  },
  {
    property: "replayed initiations are refused (timestamp)",
    file: "core/noise/handshake.ts",
    snippet: "    if (!isLater(timestamp, accepted)) return false;\n",
    replacement: "",
    testFile: HANDSHAKE_TEST,
    test: "handshake: a replayed initiation is not answered",
  },
  {
    property: "initiations of a peer are limited in number",
    file: "core/noise/handshake.ts",
    snippet: "    if (now.boot - this.#acceptedAt < INITIATION_INTERVAL_MS) return false;\n",
    replacement: "",
    testFile: HANDSHAKE_TEST,
    test: "handshake: initiations of a peer are answered once in 20 ms",
  },
  {
    property: "an all-zero shared secret is refused by the primitives",
    file: "core/crypto/noble.ts",
    snippet:
      "shared = x25519.getSharedSecret(privateKey, publicKey);\n    } catch {\n      out.fill(0);\n      return false;\n",
    replacement:
      "shared = x25519.getSharedSecret(privateKey, publicKey);\n    } catch {\n      out.fill(0);\n      return true;\n",
    testFile: DEVICE_TEST,
    test: "device: nothing is sent to peers whose key is of low order",
  },
  {
    property: "an all-zero shared secret ends the handshake",
    file: "core/noise/symmetric_state.ts",
    snippet: "    if (contributory) this.mixKey(this.#temp);\n    return contributory;\n",
    replacement: "    this.mixKey(this.#temp);\n    return true;\n",
    testFile: "tests/core/noise/low_order_test.ts",
    test: "an initiation whose ephemeral key is of low order is refused",
  },
  {
    property: "both sides need the same preshared key",
    file: "core/noise/handshake.ts",
    snippet: "    else this.presharedKey.set(key);\n",
    replacement: "    else this.presharedKey.fill(0);\n",
    testFile: DEVICE_TEST,
    test: "device: preshared keys are copied, zeros mean none, and both sides need the same",
  },
  {
    property: "only authenticated transport data roams",
    file: "core/transport_receiver.ts",
    snippet: "      if (session === null || source === null || !batch.opened(at)) continue;\n",
    replacement: "      if (session === null || source === null) continue;\n" +
      "      session.peer.updateEndpoint(source);\n      if (!batch.opened(at)) continue;\n",
    testFile: TRANSPORT_TEST,
    test: "transport: roaming by any authenticated packet, and by nothing else",
  },
  {
    property: "cookie replies don't roam",
    file: "core/handshake_processor.ts",
    snippet: "    const peer = owner instanceof Session ? owner.peer : owner;\n",
    replacement: "    const peer = owner instanceof Session ? owner.peer : owner;\n" +
      "    peer?.updateEndpoint(source);\n",
    testFile: LOAD_TEST,
    test: "cookie reply: only the first to the message sent last is taken, and it doesn't roam",
  },
  {
    property: "transport data is authenticated",
    file: "core/transport_receiver.ts",
    snippet: " || !batch.opened(at)) continue;",
    replacement: ") continue;",
    testFile: TRANSPORT_TEST,
    test: "transport: any changed bit makes a datagram worthless",
  },
  {
    property: "packets are padded to 16 bytes",
    file: "core/transport_sender.ts",
    snippet: "return length - last + Math.min(padded, mtu);",
    replacement: "return padded > mtu ? length : length;",
    testFile: TRANSPORT_TEST,
    test: "transport: packets are padded to 16 bytes, but not beyond the MTU",
  },
  {
    property: "the padding doesn't exceed the MTU",
    file: "core/transport_sender.ts",
    snippet: "return length - last + Math.min(padded, mtu);",
    replacement: "return length - last + padded;",
    testFile: TRANSPORT_TEST,
    test: "transport: packets are padded to 16 bytes, but not beyond the MTU",
  },
  {
    property: "the padding is zero",
    file: "core/transport_sender.ts",
    snippet:
      "    if (padded > length) memory.bytes.fill(0, packet + length, packet + padded);\n    const message = packet - TRANSPORT_HEADER_SIZE;\n",
    replacement: "    const message = packet - TRANSPORT_HEADER_SIZE;\n",
    testFile: TRANSPORT_TEST,
    test: "transport: the padding is zero",
  },
  {
    property: "initiations are REKEY_TIMEOUT apart",
    file: "core/timers.ts",
    snippet: "return now - this.#lastSentHandshake >= REKEY_TIMEOUT_MS;",
    replacement: "return now - this.#lastSentHandshake >= 0;",
    testFile: TIMERS_TEST,
    test: "6.4: a packet makes it try again, but not within REKEY_TIMEOUT of an initiation",
  },
  {
    property: "no text ends its line in the answer to a status",
    file: "core/uapi/status.ts",
    snippet: "${plain(reason)}",
    replacement: "${reason}",
    testFile: "tests/core/uapi/status_test.ts",
    test: "a reason can neither end its line nor be without end",
  },
];
