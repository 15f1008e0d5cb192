import type { AllowedIps } from "./allowed_ips.ts";
import type { Now, Random } from "./clock.ts";
import type { Crypto } from "./crypto/crypto.ts";
import type { DatagramQueue } from "./datagram_queue.ts";
import type { DeviceEvent } from "./device_event.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Memory } from "./memory.ts";
import type { PacketQueue } from "./packet_queue.ts";
import type { Peer } from "./peer.ts";
import type { TransmitBuffer } from "./transmit_buffer.ts";

/** What a {@linkcode Device} works with and in. All regions lie in `memory` and don't overlap. */
export interface DeviceOptions {
  memory: Memory;
  crypto: Crypto;
  random: Random;
  /** Where the keys of sessions live, 32 bytes each, six per peer: its size limits the peers. */
  keySlots: Region;
  /** Descriptors of AEAD batches, 16 bytes each, 16-byte aligned; half to open, half to seal. */
  batchList: Region;
  /** Where datagrams to send are built. The engine resets it after sending what is outgoing. */
  transmit: TransmitBuffer;
  /** How many entries {@linkcode Device.outgoing} and {@linkcode Device.delivered} hold; 4096. */
  queueCapacity?: number;
}

/** A part of the device's memory, in bytes. */
export interface Region {
  offset: number;
  length: number;
}

/**
 * The whole WireGuard protocol of one interface, without any input or output: it is told what
 * arrived and what time it is, and answers with what to send and what to deliver.
 *
 * One turn of whoever drives it:
 * 1. {@linkcode receive} for each datagram, then {@linkcode completeReceive}; write what is
 *    {@linkcode delivered} to the interface and clear it;
 * 2. {@linkcode send} for each packet of the interface, then {@linkcode completeSend};
 * 3. {@linkcode processNextHandshake} as often as there is time; {@linkcode advance} when
 *    {@linkcode nextDeadline} has passed; {@linkcode pump};
 * 4. send what is {@linkcode outgoing}, clear it and reset the transmit buffer, before memory gets short.
 *
 * What doesn't fit into the transmit buffer or the outgoing queue waits for the next turn if it is
 * a handshake, a keepalive or a staged packet, and is dropped if it is a packet given to `send`.
 */
export class Device {
  /** MTU of the interface in bytes: packets are not padded beyond it. */
  mtu = 1420;
  /** Datagrams to send. */
  readonly outgoing: DatagramQueue;
  /** Packets for the interface. */
  readonly delivered: PacketQueue;
  /** Which peer owns which inner addresses. */
  readonly allowedIps: AllowedIps<Peer>;
  /** Told what happens, for logs. Must neither throw nor call the device. */
  onEvent: ((event: DeviceEvent) => void) | null = null;

  constructor(_options: DeviceOptions) {
    throw new Error("unfinished");
  }

  /** The private key, 32 bytes; null when there is none. Not a copy: don't keep it. */
  get privateKey(): Uint8Array | null {
    throw new Error("unfinished");
  }

  /** The public key, 32 bytes; null when there is no private key. */
  get publicKey(): Uint8Array | null {
    throw new Error("unfinished");
  }

  /**
   * Sets the private key (32 bytes, copied and clamped); null or all zero removes it. Ends all
   * sessions, and removes the peer that has the new public key.
   */
  setPrivateKey(_key: Uint8Array | null, _now: Now): void {
    throw new Error("unfinished");
  }

  /** The peers in order of their addition. */
  get peers(): Iterable<Peer> {
    throw new Error("unfinished");
  }

  get peerCount(): number {
    throw new Error("unfinished");
  }

  /** How many peers there can be: 65,536, or as many as the key slots suffice for. */
  get maxPeers(): number {
    throw new Error("unfinished");
  }

  /** The peer with this public key (32 bytes), or undefined. */
  getPeer(_publicKey: Uint8Array): Peer | undefined {
    throw new Error("unfinished");
  }

  /**
   * The peer with this public key (32 bytes), added if need be; null when the key is the device's
   * own, or when there are {@linkcode maxPeers} already.
   */
  addPeer(_publicKey: Uint8Array): Peer | null {
    throw new Error("unfinished");
  }

  /** Removes a peer: its allowed IPs, sessions, timers, staged packets and keys. */
  removePeer(_peer: Peer): void {
    throw new Error("unfinished");
  }

  removeAllPeers(): void {
    throw new Error("unfinished");
  }

  /** Whether the interface is up; a device is created down. */
  get isUp(): boolean {
    throw new Error("unfinished");
  }

  /** The interface went up: persistent keepalives begin. */
  up(_now: Now): void {
    throw new Error("unfinished");
  }

  /** The interface went down: sessions are erased, timers stopped, staged packets dropped. */
  down(_now: Now): void {
    throw new Error("unfinished");
  }

  /**
   * One datagram from the network: `length` bytes at offset `message`. Transport data is queued in
   * place and must stay until {@linkcode completeReceive}; handshake messages are copied.
   */
  receive(_message: number, _length: number, _source: Endpoint, _now: Now): void {
    throw new Error("unfinished");
  }

  /** Opens what was received, in place and in order, and appends its packets to `delivered`. */
  completeReceive(_now: Now): void {
    throw new Error("unfinished");
  }

  /**
   * One packet from the interface: `length` bytes at offset `packet` of the transmit buffer, with
   * 16 bytes before and 31 behind it for header, padding and tag. True when it is queued in place
   * and its memory must stay; false when it was staged (copied) or dropped.
   */
  send(_packet: number, _length: number, _now: Now): boolean {
    throw new Error("unfinished");
  }

  /** Seals what was sent, in place and in order, and appends it to `outgoing`. */
  completeSend(_now: Now): void {
    throw new Error("unfinished");
  }

  /** How many handshake messages wait to be processed. */
  get handshakesWaiting(): number {
    throw new Error("unfinished");
  }

  /**
   * Processes one waiting handshake message (about a quarter of a millisecond). False when none
   * waits, or when there is no room for the answer.
   */
  processNextHandshake(_now: Now): boolean {
    throw new Error("unfinished");
  }

  /** Seals staged packets of peers that have a session now; true when more wait for room. */
  pump(_now: Now): boolean {
    throw new Error("unfinished");
  }

  /**
   * Does what is due: initiations, keepalives, erasure. Stops after a few initiations or without
   * room for the next message; {@linkcode nextDeadline} is then still in the past.
   */
  advance(_now: Now): void {
    throw new Error("unfinished");
  }

  /** When {@linkcode advance} is to be called next, boot milliseconds; Infinity for never. O(1). */
  nextDeadline(): number {
    throw new Error("unfinished");
  }
}
