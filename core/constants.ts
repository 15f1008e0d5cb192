/**
 * The constants of the protocol: first those that the WireGuard whitepaper names, in its order and
 * with its names, then ours. Times are milliseconds. What exceeds 2^53 is a (high, low) pair of u32.
 */

import { KEY_SIZE, TAG_SIZE, TRANSPORT_HEADER_SIZE } from "./crypto/crypto.ts";

// Section 5.4, "Messages".

/** The Noise protocol name, which the chaining key starts from. */
export const CONSTRUCTION = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
/** The Noise prologue, mixed into the first hash. */
export const IDENTIFIER = "WireGuard v1 zx2c4 Jason@zx2c4.com";
/** Prefix of a public key when the key of mac1 is derived from it. */
export const LABEL_MAC1 = "mac1----";
/** Prefix of a public key when the key that encrypts cookies is derived from it. */
export const LABEL_COOKIE = "cookie--";

// Section 6.1, "Preliminaries".

/** A session's sender asks for a new one after 2^60 messages: upper half. */
export const REKEY_AFTER_MESSAGES_HIGH = 0x10000000;
/** A session's sender asks for a new one after 2^60 messages: lower half. */
export const REKEY_AFTER_MESSAGES_LOW = 0;
/** A session ends after 2^64 - 2^13 - 1 messages: upper half. */
export const REJECT_AFTER_MESSAGES_HIGH = 0xffffffff;
/** A session ends after 2^64 - 2^13 - 1 messages: lower half. */
export const REJECT_AFTER_MESSAGES_LOW = 0xffffdfff;
/** Age of a session at which its initiator asks for a new one on sending. */
export const REKEY_AFTER_TIME_MS = 120_000;
/** Age of a session at which it ends. */
export const REJECT_AFTER_TIME_MS = 180_000;
/** How long a handshake is tried before giving up. */
export const REKEY_ATTEMPT_TIME_MS = 90_000;
/** How long a handshake may go unanswered before the next initiation. */
export const REKEY_TIMEOUT_MS = 5_000;
/** How long after receiving, with nothing sent since, a keepalive is due. */
export const KEEPALIVE_TIMEOUT_MS = 10_000;

/** Section 5.4.7: how long a cookie secret, and so a cookie, is valid. */
export const COOKIE_SECRET_MAX_AGE_MS = 120_000;

// What follows is not named in the whitepaper, but shared by the other implementations.

/** A peer stops using a cookie this much before it expires, for the message must arrive in time. */
export const COOKIE_SECRET_LATENCY_MS = 5_000;
/** Retransmissions of an initiation before giving up are counted until they exceed this. */
export const MAX_TIMER_HANDSHAKES: number = REKEY_ATTEMPT_TIME_MS / REKEY_TIMEOUT_MS;
/** Exclusive upper bound of the random time added to handshake timers, against lockstep. */
export const REKEY_TIMEOUT_JITTER_MAX_MS = 334;
/** Age of a session at which its initiator asks for a new one on receiving. */
export const REKEY_AFTER_TIME_RECEIVING_MS: number = REJECT_AFTER_TIME_MS - KEEPALIVE_TIMEOUT_MS -
  REKEY_TIMEOUT_MS;
/** How long after sending, with nothing received since, a new handshake is tried (plus jitter). */
export const NEW_HANDSHAKE_AFTER_SILENCE_MS: number = KEEPALIVE_TIMEOUT_MS + REKEY_TIMEOUT_MS;
/** How long after its last handshake all key material of a peer is erased. */
export const ERASE_KEYS_AFTER_MS: number = REJECT_AFTER_TIME_MS * 3;

/** Shortest time between two initiations accepted from one peer: 50 in a second. */
export const INITIATION_INTERVAL_MS = 20;
/** Handshake messages in a second that one source may send under load. */
export const HANDSHAKES_PER_SECOND = 20;
/** Handshake messages that one source may send at once under load. */
export const HANDSHAKE_BURST = 5;
/** How long a device goes on behaving as under load after it last was. */
export const UNDER_LOAD_AFTER_MS = 1_000;

/** Counters that the replay window tells apart, one bit each; a power of two. */
export const REPLAY_WINDOW_BITS = 8192;
/** How far behind the highest counter received a message may be: one word less than the bits. */
export const REPLAY_WINDOW_SIZE = 8128;

/** Packets a peer keeps while it has no session; the oldest is dropped for the next one. */
export const MAX_STAGED_PACKETS = 128;
/** Peers of one device. */
export const MAX_PEERS: number = 1 << 16;
/** Inner packets are padded with zeros to a multiple of this many bytes. */
export const PADDING_MULTIPLE = 16;

/** Bytes of a MAC and of a cookie (keyed BLAKE2s). */
export const MAC_SIZE = 16;
/** Bytes of a hash and of a chaining key (BLAKE2s). */
export const HASH_SIZE = 32;
/** Bytes of a TAI64N timestamp. */
export const TIMESTAMP_SIZE = 12;

export { KEY_SIZE, TAG_SIZE, TRANSPORT_HEADER_SIZE };
