/**
 * The pattern IKpsk2 of the Noise protocol framework (revision 34, sections 7.5 and 9), with payloads
 * of any length:
 *
 * ```
 * IKpsk2:
 *   <- s
 *   ...
 *   -> e, es, s, ss
 *   <- e, ee, se, psk
 * ```
 *
 * Each function takes a state that has mixed in the prologue or the message before, and handles one
 * token after the other. Their names are Noise's: s and e are the static and ephemeral key pairs of
 * this side, rs and re the public keys of the other, ss is the X25519 of both static keys. False
 * means that a shared secret was zero or that something wasn't authentic: the state is void then.
 */

import { KEY_SIZE, TAG_SIZE } from "../constants.ts";
import type { SymmetricState } from "./symmetric_state.ts";

/** A Curve25519 key pair, 32 bytes each. */
export interface KeyPair {
  /** A secret. */
  readonly privateKey: Uint8Array;
  /** The secret's public key. */
  readonly publicKey: Uint8Array;
}

const STATIC_END = KEY_SIZE + KEY_SIZE + TAG_SIZE;

/** Bytes of the first message besides its payload: e, sealed s and the payload's tag. */
export const FIRST_MESSAGE_OVERHEAD: number = STATIC_END + TAG_SIZE;
/** Bytes of the second message besides its payload: e and the payload's tag. */
export const SECOND_MESSAGE_OVERHEAD: number = KEY_SIZE + TAG_SIZE;

/** The initiator's `-> e, es, s, ss` into `message`. */
export function writeFirstMessage(
  state: SymmetricState,
  message: Uint8Array,
  keys: { s: KeyPair; e: KeyPair; rs: Uint8Array; ss: Uint8Array },
  payload: Uint8Array,
): boolean {
  const { s, e, rs, ss } = keys;
  state.mixHash(rs);
  message.set(e.publicKey);
  mixEphemeral(state, e.publicKey);
  if (!state.mixSharedSecret(e.privateKey, rs)) return false;
  state.encryptAndHash(message.subarray(KEY_SIZE, STATIC_END), s.publicKey);
  state.mixKey(ss);
  state.encryptAndHash(message.subarray(STATIC_END), payload);
  return true;
}

/**
 * The responder's half of reading `-> e, es, s` from `message`: writes the initiator's static key to
 * `rs`. It isn't authenticated before {@linkcode readFirstMessagePayload} has succeeded.
 */
export function readFirstMessageStatic(
  state: SymmetricState,
  message: Uint8Array,
  s: KeyPair,
  rs: Uint8Array,
): boolean {
  const re = message.subarray(0, KEY_SIZE);
  state.mixHash(s.publicKey);
  mixEphemeral(state, re);
  if (!state.mixSharedSecret(s.privateKey, re)) return false;
  return state.decryptAndHash(rs, message.subarray(KEY_SIZE, STATIC_END));
}

/** The rest of reading the first message: `ss` and the payload. */
export function readFirstMessagePayload(
  state: SymmetricState,
  message: Uint8Array,
  ss: Uint8Array,
  payload: Uint8Array,
): boolean {
  state.mixKey(ss);
  return state.decryptAndHash(payload, message.subarray(STATIC_END));
}

/** The responder's `<- e, ee, se, psk` into `message`. */
export function writeSecondMessage(
  state: SymmetricState,
  message: Uint8Array,
  keys: { e: KeyPair; re: Uint8Array; rs: Uint8Array; psk: Uint8Array },
  payload: Uint8Array,
): boolean {
  const { e, re, rs, psk } = keys;
  message.set(e.publicKey);
  mixEphemeral(state, e.publicKey);
  if (!state.mixSharedSecret(e.privateKey, re)) return false;
  if (!state.mixSharedSecret(e.privateKey, rs)) return false;
  state.mixKeyAndHash(psk);
  state.encryptAndHash(message.subarray(KEY_SIZE), payload);
  return true;
}

/** The initiator's reading of `<- e, ee, se, psk`; `s` and `e` are private keys. */
export function readSecondMessage(
  state: SymmetricState,
  message: Uint8Array,
  keys: { s: Uint8Array; e: Uint8Array; psk: Uint8Array },
  payload: Uint8Array,
): boolean {
  const { s, e, psk } = keys;
  const re = message.subarray(0, KEY_SIZE);
  mixEphemeral(state, re);
  if (!state.mixSharedSecret(e, re)) return false;
  if (!state.mixSharedSecret(s, re)) return false;
  state.mixKeyAndHash(psk);
  return state.decryptAndHash(payload, message.subarray(KEY_SIZE));
}

/** The token e: with a preshared key, ephemeral keys go into the chaining key too (section 9.2). */
function mixEphemeral(state: SymmetricState, publicKey: Uint8Array): void {
  state.mixHash(publicKey);
  state.mixKey(publicKey);
}
