import { AllowedIps } from "./allowed_ips.ts";
import type { Random } from "./clock.ts";
import type { Crypto } from "./crypto/crypto.ts";
import { DatagramQueue } from "./datagram_queue.ts";
import { DeadlineHeap } from "./deadline_heap.ts";
import type { DeviceEvent } from "./device_event.ts";
import { IndexTable } from "./index_table.ts";
import { Jitter } from "./jitter.ts";
import { KeySlots } from "./key_slots.ts";
import type { Memory } from "./memory.ts";
import { HandshakeContext } from "./noise/context.ts";
import { COOKIE_SLOT_SIZE } from "./noise/cookie.ts";
import { PacketQueue } from "./packet_queue.ts";
import type { Peer } from "./peer.ts";
import type { Session, SessionResources } from "./session.ts";
import { SlotPool } from "./slot_pool.ts";
import { StagedPackets } from "./staged_packets.ts";
import type { PeerTimers } from "./timers.ts";
import type { TransmitBuffer } from "./transmit_buffer.ts";

const DEFAULT_MTU = 1420;
/** A batch of 64 datagrams of 128 segments each, which is what Linux can receive at once. */
const DEFAULT_QUEUE_CAPACITY = 8192;
/** Bytes of staged packets of all peers together. */
const MAX_STAGED_BYTES = 16 << 20;

/** What a device works with and in. All regions lie in `memory` and don't overlap. */
export interface DeviceOptions {
  /** Where packets, datagrams and keys are. */
  memory: Memory;
  /** The primitives, bound to `memory`. */
  crypto: Crypto;
  /** For keys, receiver indices, cookies and jitter. */
  random: Random;
  /** Where the keys of sessions live, 32 bytes each, six per peer: its size limits the peers. */
  keySlots: Region;
  /** Descriptors of AEAD batches, 16 bytes each, 16-byte aligned; half to open, half to seal. */
  batchList: Region;
  /** Where datagrams to send are built. The engine resets it after sending what is outgoing. */
  transmit: TransmitBuffer;
  /** How many entries the queues `outgoing` and `delivered` hold; 8192. */
  queueCapacity?: number;
}

/** A part of the device's memory, in bytes. */
export interface Region {
  /** Where it begins. */
  offset: number;
  /** Its size. */
  length: number;
}

/** What the parts of a device share. */
export class DeviceContext implements SessionResources {
  mtu = DEFAULT_MTU;
  isUp = false;
  onEvent: ((event: DeviceEvent) => void) | null = null;

  readonly memory: Memory;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly transmit: TransmitBuffer;
  readonly outgoing: DatagramQueue;
  readonly delivered: PacketQueue;
  readonly allowedIps: AllowedIps<Peer> = new AllowedIps();
  /** An index is a peer's while its initiation awaits the response, then its session's. */
  readonly indices: IndexTable<Peer | Session>;
  readonly keySlots: KeySlots;
  readonly noise: HandshakeContext;
  /** What is kept of each peer's cookies. */
  readonly cookieSlots: SlotPool = new SlotPool(COOKIE_SLOT_SIZE);
  readonly staged: StagedPackets = new StagedPackets(MAX_STAGED_BYTES);
  readonly timers: DeadlineHeap<PeerTimers<Peer>> = new DeadlineHeap();
  readonly jitter: Jitter;

  constructor(options: DeviceOptions) {
    const { memory, keySlots, queueCapacity = DEFAULT_QUEUE_CAPACITY } = options;
    this.memory = memory;
    this.crypto = options.crypto;
    this.random = options.random;
    this.transmit = options.transmit;
    this.outgoing = new DatagramQueue(queueCapacity);
    this.delivered = new PacketQueue(queueCapacity);
    this.indices = new IndexTable(options.random);
    this.keySlots = new KeySlots(memory, keySlots.offset, keySlots.length);
    this.noise = new HandshakeContext(options.crypto.handshake, options.random);
    this.jitter = new Jitter(options.random);
  }

  get aead(): Crypto["transport"] {
    return this.crypto.transport;
  }

  emit(event: DeviceEvent): void {
    this.onEvent?.(event);
  }
}
