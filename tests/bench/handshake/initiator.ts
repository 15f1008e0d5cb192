import type { Now } from "../../../core/clock.ts";
import type { HandshakeCrypto } from "../../../core/crypto/crypto.ts";
import { HandshakeContext, LocalIdentity } from "../../../core/noise/context.ts";
import { CookieGenerator } from "../../../core/noise/cookie.ts";
import { Handshake, SessionKeys } from "../../../core/noise/handshake.ts";
import {
  INITIATION_SIZE,
  KEEPALIVE_SIZE,
  MESSAGE_COOKIE_REPLY,
  MESSAGE_RESPONSE,
  messageType,
  writeTransportHeader,
} from "../../../core/noise/messages.ts";
import { TRANSPORT_HEADER_SIZE } from "../../../core/crypto/crypto.ts";
import { systemRandom } from "../../../cli/random.ts";

const NOTHING = new Uint8Array(0);

/** What a datagram meant to an {@linkcode Initiator}. */
export type Verdict = "completed" | "cookie" | "nothing";

/** A peer that does nothing but shake hands, again and again, without any input or output. */
export class Initiator {
  /** The keepalive that confirms the session to the responder; valid after "completed". */
  readonly confirmation = new Uint8Array(KEEPALIVE_SIZE);
  readonly #crypto: HandshakeCrypto;
  readonly #handshake: Handshake;
  readonly #cookies: CookieGenerator;
  readonly #initiation = new Uint8Array(INITIATION_SIZE);
  readonly #keys = new SessionKeys();
  #index = 0;

  constructor(crypto: HandshakeCrypto, privateKey: Uint8Array, responder: Uint8Array) {
    this.#crypto = crypto;
    const context = new HandshakeContext(crypto, systemRandom);
    context.identity = new LocalIdentity(crypto, privateKey);
    this.#handshake = new Handshake(context, responder);
    this.#cookies = new CookieGenerator(crypto, responder);
  }

  /** A new initiation (148 bytes, valid until the next one), which replaces a pending one. */
  initiate(now: Now): Uint8Array {
    this.#index = (this.#index + 1) >>> 0;
    if (!this.#handshake.createInitiation(this.#initiation, this.#index, now)) {
      throw new Error("The responder's key is of low order");
    }
    this.#cookies.addMacs(this.#initiation, now.boot);
    return this.#initiation;
  }

  /** Takes a datagram from the responder. */
  receive(message: Uint8Array, now: Now): Verdict {
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    switch (messageType(view, 0, message.length)) {
      case MESSAGE_COOKIE_REPLY:
        return this.#cookies.consumeReply(message, now.boot) ? "cookie" : "nothing";
      case MESSAGE_RESPONSE:
        if (!this.#handshake.consumeResponse(message, this.#keys)) return "nothing";
        this.#confirm();
        return "completed";
      default:
        return "nothing";
    }
  }

  /** The first message of a session has counter 0, as the ciphers of handshakes have. */
  #confirm(): void {
    const { confirmation } = this;
    const view = new DataView(confirmation.buffer);
    writeTransportHeader(view, 0, this.#keys.remoteIndex, 0, 0);
    const sealed = confirmation.subarray(TRANSPORT_HEADER_SIZE);
    this.#crypto.seal(sealed, this.#keys.sendKey, NOTHING, NOTHING);
    this.#keys.wipe();
  }
}
