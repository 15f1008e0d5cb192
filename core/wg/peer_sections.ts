/**
 * The `[Peer]` sections of a file, compared with the peers that run as both are written: to read 10,000
 * of each only to find that they are the same takes longer than all else.
 *
 * @module
 */
import type { PeerState } from "../interface_state.ts";
import { KEY_SIZE } from "../crypto/crypto.ts";
import { formatPublicKey } from "../keys.ts";
import { equalAt } from "../memory.ts";
import { TextBuffer } from "../text_buffer.ts";
import type { PeerReceiver } from "../uapi/long_answer.ts";
import type { UsualPeer } from "../uapi/usual_peer.ts";
import type { ComparedSections } from "./sync_file.ts";
import { ALLOWED_IPS, ENDPOINT, KEEPALIVE, PRESHARED_KEY, SectionTable } from "./section_table.ts";

const ZERO = 0x30;

/**
 * The sections of a file. If that is plain, this receives the peers that run: those that a section says
 * exactly need nothing, and neither does their section.
 */
export class PeerSections implements PeerReceiver, ComparedSections {
  /** The peers that are to be compared with what is read of the file, in the order of the answer. */
  readonly others: PeerState[] = [];
  readonly #file: Uint8Array;
  readonly #table: SectionTable;
  readonly #decoder = new TextDecoder();
  readonly #encoder = new TextEncoder();
  /** The numbers of those that were found to be the same, and of those that weren't. */
  readonly #same = new Set<number>();
  readonly #different = new Set<number>();
  /** The public keys, in hex, of peers that the file doesn't have. */
  readonly #unwanted = new TextBuffer();
  /** Where the next peer is likely to be: most devices keep their order. */
  #likely = 0;

  /** The sections of `file`, which is kept. */
  constructor(file: Uint8Array) {
    this.#file = file;
    this.#table = new SectionTable(file);
  }

  /** Whether the file has a `[Peer]` section. */
  get hasPeers(): boolean {
    return this.#table.hasPeers;
  }

  /** Whether the file is plain; the other functions are for such files only. */
  get isPlain(): boolean {
    return this.#table.isPlain;
  }

  /** How many sections were found to be the same. */
  get sameCount(): number {
    return this.#same.size;
  }

  /** Takes a peer that a section says exactly, or that there is no section of. */
  usual(answer: Uint8Array, peer: UsualPeer): boolean {
    const section = this.#table.find(peer.publicKey, 0, this.#likely);
    if (section < 0) {
      this.#unwanted.append(answer, peer.publicKeyHex.start, peer.publicKeyHex.end);
      return true;
    }
    this.#likely = section + 1;
    const isSame = !this.#different.has(section) && this.#table.isComparable(section) &&
      this.#isSame(section, answer, peer);
    if (isSame) this.#same.add(section);
    return isSame;
  }

  /** Keeps a peer, and its section, even if that was the same: a peer that comes back meanwhile is listed twice. */
  other(peer: PeerState): void {
    this.others.push(peer);
    const publicKey = this.#encoder.encode(formatPublicKey(peer.publicKey));
    const section = this.#table.find(publicKey, 0, this.#likely);
    if (section < 0) return;
    this.#same.delete(section);
    this.#different.add(section);
  }

  /** The public keys of the peers that the file doesn't have, 32 bytes each. */
  unwanted(): Uint8Array[] {
    const keys = Uint8Array.fromHex(this.#decoder.decode(this.#unwanted.toBytes()));
    const count = keys.length / KEY_SIZE;
    return Array.from({ length: count }, (_, i) => keys.subarray(i * KEY_SIZE, (i + 1) * KEY_SIZE));
  }

  /** The file without the sections that were found to be the same. Holds secrets. */
  rest(): Uint8Array {
    const rest = new Uint8Array(this.#file.length);
    let size = 0;
    const append = (start: number, end: number) => {
      rest.set(this.#file.subarray(start, end), size);
      size += end - start;
    };
    append(0, this.#table.start(0));
    for (let section = 0; section < this.#table.count; section++) {
      if (this.#same.has(section)) continue;
      append(this.#table.start(section), this.#table.start(section + 1));
    }
    return rest.subarray(0, size);
  }

  /**
   * No longer takes a section for the same that has one of these allowed IPs, as `IpPrefix` prints
   * them: another peer claims it. Gives whether there was one.
   */
  takeBack(claimed: ReadonlySet<string>): boolean {
    const before = this.#same.size;
    for (const section of claimed.size === 0 ? [] : this.#same) {
      const at = this.#table.value(section, ALLOWED_IPS);
      const end = this.#table.valueEnd(section, ALLOWED_IPS);
      const list = this.#decoder.decode(this.#file.subarray(at, end)).split(/, */);
      if (list.some((allowedIp) => claimed.has(allowedIp))) this.#same.delete(section);
    }
    return this.#same.size < before;
  }

  /**
   * Whether a section says what the peer is. What it doesn't say is off, but for an endpoint, which
   * stays.
   */
  #isSame(section: number, answer: Uint8Array, peer: UsualPeer): boolean {
    const table = this.#table;
    const presharedKey = table.value(section, PRESHARED_KEY);
    if (peer.hasPresharedKey !== presharedKey > 0) return false;
    if (presharedKey > 0 && !equalAt(this.#file, presharedKey, peer.presharedKey)) return false;
    const { endpoint, keepalive } = peer;
    const hasEndpoint = table.value(section, ENDPOINT) === 0 ||
      table.says(section, ENDPOINT, answer, endpoint.start, endpoint.end);
    const hasKeepalive = table.value(section, KEEPALIVE) === 0
      ? answer[keepalive.start] === ZERO
      : table.says(section, KEEPALIVE, answer, keepalive.start, keepalive.end);
    const at = table.value(section, ALLOWED_IPS), end = table.valueEnd(section, ALLOWED_IPS);
    return hasEndpoint && hasKeepalive && peer.hasAllowedIps(answer, this.#file, at, end);
  }
}
