import type { Endpoint } from "../core/endpoint.ts";
import type { Memory } from "../core/memory.ts";
import { readPacketInfo } from "./control_message.ts";
import { AF_INET, AF_INET6, IN6_PKTINFO, IN_PKTINFO, SOCKADDR_IN, SOCKADDR_IN6 } from "./layout.ts";
import { readSockaddr } from "./sockaddr.ts";

/** Entries; a power of two. */
const ENTRIES = 1024;

// Words of a key: family and port, address (4), zone, local address (4), interface.
const KEY_WORDS = 11;
const ADDRESS = 1;
const ZONE = 5;
const SOURCE = 6;
const SOURCE_INTERFACE = 10;

/**
 * Turns raw socket addresses and packet infos into endpoints, and the same bytes into the same object,
 * so that a steady flow allocates nothing. Direct-mapped: a colliding sender evicts the one before,
 * which costs time and is never wrong.
 */
export class EndpointCache {
  readonly #memory: Memory;
  readonly #keys = new Int32Array(ENTRIES * KEY_WORDS);
  readonly #endpoints: (Endpoint | null)[] = new Array(ENTRIES).fill(null);
  readonly #key = new Int32Array(KEY_WORDS);

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /**
   * @param sockaddr offset of the sender's sockaddr_in or sockaddr_in6
   * @param packetInfo offset of the in_pktinfo or in6_pktinfo; 0 without one
   * @returns null when the address is of neither family
   */
  lookup(sockaddr: number, packetInfo: number): Endpoint | null {
    const family = this.#memory.view.getUint16(sockaddr, true);
    if (family === AF_INET) this.#readIpv4Key(sockaddr, packetInfo);
    else if (family === AF_INET6) this.#readIpv6Key(sockaddr, packetInfo);
    else return null;

    const slot = this.#hash() & (ENTRIES - 1);
    const cached = this.#endpoints[slot] ?? null;
    if (cached !== null && this.#matches(slot)) return cached;

    const source = packetInfo === 0
      ? null
      : readPacketInfo(this.#memory, packetInfo, family === AF_INET6);
    const endpoint = readSockaddr(this.#memory, sockaddr, source);
    this.#keys.set(this.#key, slot * KEY_WORDS);
    this.#endpoints[slot] = endpoint;
    return endpoint;
  }

  #readIpv4Key(sockaddr: number, packetInfo: number): void {
    const { view } = this.#memory;
    const key = this.#key;
    key.fill(0);
    key[0] = view.getInt32(sockaddr + SOCKADDR_IN.FAMILY, true);
    key[ADDRESS] = view.getInt32(sockaddr + SOCKADDR_IN.ADDRESS, true);
    if (packetInfo === 0) return;
    key[SOURCE] = view.getInt32(packetInfo + IN_PKTINFO.SPEC_DST, true);
    key[SOURCE_INTERFACE] = view.getInt32(packetInfo + IN_PKTINFO.IFINDEX, true);
  }

  #readIpv6Key(sockaddr: number, packetInfo: number): void {
    const { view } = this.#memory;
    const key = this.#key;
    key.fill(0);
    key[0] = view.getInt32(sockaddr + SOCKADDR_IN6.FAMILY, true);
    for (let word = 0; word < 4; word++) {
      key[ADDRESS + word] = view.getInt32(sockaddr + SOCKADDR_IN6.ADDRESS + 4 * word, true);
    }
    key[ZONE] = view.getInt32(sockaddr + SOCKADDR_IN6.SCOPE_ID, true);
    if (packetInfo === 0) return;
    for (let word = 0; word < 4; word++) {
      key[SOURCE + word] = view.getInt32(packetInfo + IN6_PKTINFO.ADDR + 4 * word, true);
    }
    key[SOURCE_INTERFACE] = view.getInt32(packetInfo + IN6_PKTINFO.IFINDEX, true);
  }

  #hash(): number {
    let hash = 0;
    for (let word = 0; word < KEY_WORDS; word++) {
      hash = Math.imul(hash ^ (this.#key[word] ?? 0), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  #matches(slot: number): boolean {
    for (let word = 0; word < KEY_WORDS; word++) {
      if (this.#keys[slot * KEY_WORDS + word] !== this.#key[word]) return false;
    }
    return true;
  }
}
