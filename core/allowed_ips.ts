import type { IpFamily } from "./ip.ts";

/** An IP prefix that belongs to a peer. */
export interface AllowedIp {
  /** Network address, host bits zero; 4 or 16 bytes, network byte order. */
  readonly address: Uint8Array;
  /** 0 to 32 or 128. */
  readonly prefixLength: number;
}

/**
 * Which peer an inner IP address belongs to ("crypto-key routing", whitepaper section 2): the owner
 * of the longest prefix that holds the address. A prefix has one owner, the last one that claimed it.
 *
 * Two path-compressed binary tries, one per IP version: a lookup visits no more nodes than there
 * are nested prefixes and branches on the way, and allocates nothing.
 */
export class AllowedIps<Owner> {
  readonly #roots: Record<IpFamily, Node<Owner> | null> = { 4: null, 6: null };
  /** Each owner's prefixes, in the order in which they were claimed. */
  readonly #owned = new Map<Owner, Set<Node<Owner>>>();

  /** Gives `address`/`prefixLength` to `owner`, and takes it from whoever has it. */
  insert(address: Uint8Array, prefixLength: number, owner: Owner): void {
    const version = versionOf(address, prefixLength);
    const wanted = nodeFor<Owner>(address, prefixLength);
    const node = this.#findOrAdd(version, wanted);
    this.#disown(node);
    node.owner = owner;
    const owned = this.#owned.get(owner);
    if (owned === undefined) this.#owned.set(owner, new Set([node]));
    else owned.add(node);
  }

  /** Takes `address`/`prefixLength` from `owner`; nothing happens when it is another's or nobody's. */
  remove(address: Uint8Array, prefixLength: number, owner: Owner): void {
    const version = versionOf(address, prefixLength);
    const wanted = nodeFor<Owner>(address, prefixLength);
    let node = this.#roots[version];
    while (node !== null && node.length <= prefixLength && node.contains(wanted)) {
      if (node.length === prefixLength) {
        if (node.owner !== owner) return;
        this.#disown(node);
        this.#prune(version, node);
        return;
      }
      node = node.child(wanted.bit(node.length));
    }
  }

  /** Takes all prefixes from `owner`. */
  removeByPeer(owner: Owner): void {
    const owned = this.#owned.get(owner);
    if (owned === undefined) return;
    this.#owned.delete(owner);
    for (const node of owned) {
      node.owner = null;
      this.#prune(node.version, node);
    }
  }

  /** The prefixes of `owner` in the order in which they were claimed. */
  *entries(owner: Owner): Generator<AllowedIp> {
    for (const node of this.#owned.get(owner) ?? []) yield node.toAllowedIp();
  }

  /** How many prefixes `owner` has. */
  count(owner: Owner): number {
    return this.#owned.get(owner)?.size ?? 0;
  }

  /** The owner of the address (network byte order) at `offset` of `view`; null when it has none. */
  lookup(view: DataView, offset: number, version: IpFamily): Owner | null {
    return version === 4
      ? lookup4(this.#roots[4], view.getInt32(offset))
      : lookup6(this.#roots[6], view, offset);
  }

  #findOrAdd(version: IpFamily, wanted: Node<Owner>): Node<Owner> {
    let parent: Node<Owner> | null = null;
    let node = this.#roots[version];
    while (node !== null && node.length <= wanted.length && node.contains(wanted)) {
      if (node.length === wanted.length) return node;
      parent = node;
      node = node.child(wanted.bit(node.length));
    }
    if (node === null) {
      this.#attach(version, parent, wanted);
      return wanted;
    }
    const common = Math.min(node.commonBits(wanted), wanted.length);
    if (common === wanted.length) {
      this.#attach(version, parent, wanted);
      wanted.adopt(node);
      return wanted;
    }
    const branch = wanted.truncated(common);
    this.#attach(version, parent, branch);
    branch.adopt(node);
    branch.adopt(wanted);
    return wanted;
  }

  /** Puts `node` below `parent`, or at the root, in place of what was there. */
  #attach(version: IpFamily, parent: Node<Owner> | null, node: Node<Owner>): void {
    if (parent !== null) {
      parent.adopt(node);
      return;
    }
    node.parent = null;
    this.#roots[version] = node;
  }

  #disown(node: Node<Owner>): void {
    if (node.owner === null) return;
    const owned = this.#owned.get(node.owner);
    owned?.delete(node);
    if (owned?.size === 0) this.#owned.delete(node.owner);
    node.owner = null;
  }

  /** Removes `node`, and then its parent, as long as they neither have an owner nor branch. */
  #prune(version: IpFamily, node: Node<Owner>): void {
    let current: Node<Owner> | null = node;
    while (
      current !== null && current.owner === null &&
      (current.child0 === null || current.child1 === null)
    ) {
      const parent: Node<Owner> | null = current.parent;
      const only = current.child0 ?? current.child1;
      if (parent === null) {
        this.#roots[version] = only;
      } else if (parent.child0 === current) {
        parent.child0 = only;
      } else {
        parent.child1 = only;
      }
      if (only !== null) only.parent = parent;
      current = parent;
    }
  }
}

/**
 * One prefix. IPv4 uses the first word only; words are signed, which keeps them out of the heap. What a
 * lookup reads comes first, for a large table is mostly waiting for memory: one or two cache lines per
 * node.
 */
class Node<Owner> {
  readonly word0: number;
  readonly length: number;
  owner: Owner | null = null;
  child0: Node<Owner> | null = null;
  child1: Node<Owner> | null = null;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
  parent: Node<Owner> | null = null;
  readonly version: IpFamily;

  constructor(
    version: IpFamily,
    length: number,
    word0: number,
    word1: number,
    word2: number,
    word3: number,
  ) {
    this.version = version;
    this.length = length;
    this.word0 = word0 & maskOf(length);
    this.word1 = word1 & maskOf(length - 32);
    this.word2 = word2 & maskOf(length - 64);
    this.word3 = word3 & maskOf(length - 96);
  }

  /** Whether `other` lies in this prefix; only for one that isn't shorter. */
  contains(other: Node<Owner>): boolean {
    return this.commonBits(other) === this.length;
  }

  /** Bit `index` of the address, counted from the most significant one. */
  bit(index: number): number {
    const word = index < 64
      ? (index < 32 ? this.word0 : this.word1)
      : (index < 96 ? this.word2 : this.word3);
    return (word >>> (31 - (index & 31))) & 1;
  }

  child(bit: number): Node<Owner> | null {
    return bit === 0 ? this.child0 : this.child1;
  }

  /** Makes `node`, a longer prefix inside this one, a child in place of what was there. */
  adopt(node: Node<Owner>): void {
    node.parent = this;
    if (node.bit(this.length) === 0) this.child0 = node;
    else this.child1 = node;
  }

  /** How many leading bits both addresses share, up to this prefix's length. */
  commonBits(other: Node<Owner>): number {
    let common = Math.clz32(this.word0 ^ other.word0);
    if (common === 32) common += Math.clz32(this.word1 ^ other.word1);
    if (common === 64) common += Math.clz32(this.word2 ^ other.word2);
    if (common === 96) common += Math.clz32(this.word3 ^ other.word3);
    return Math.min(common, this.length);
  }

  truncated(length: number): Node<Owner> {
    return new Node(this.version, length, this.word0, this.word1, this.word2, this.word3);
  }

  toAllowedIp(): AllowedIp {
    const address = new Uint8Array(this.version === 4 ? 4 : 16);
    const view = new DataView(address.buffer);
    view.setInt32(0, this.word0);
    if (this.version === 6) {
      view.setInt32(4, this.word1);
      view.setInt32(8, this.word2);
      view.setInt32(12, this.word3);
    }
    return { address, prefixLength: this.length };
  }
}

function lookup4<Owner>(root: Node<Owner> | null, word: number): Owner | null {
  let owner: Owner | null = null;
  let node = root;
  while (node !== null && Math.clz32(word ^ node.word0) >= node.length) {
    if (node.owner !== null) owner = node.owner;
    if (node.length === 32) break;
    node = (word << node.length) >= 0 ? node.child0 : node.child1;
  }
  return owner;
}

function lookup6<Owner>(root: Node<Owner> | null, view: DataView, offset: number): Owner | null {
  const word0 = view.getInt32(offset);
  const word1 = view.getInt32(offset + 4);
  const word2 = view.getInt32(offset + 8);
  const word3 = view.getInt32(offset + 12);
  let owner: Owner | null = null;
  let node = root;
  while (node !== null) {
    const length = node.length;
    let common = Math.clz32(word0 ^ node.word0);
    if (common === 32 && length > 32) common += Math.clz32(word1 ^ node.word1);
    if (common === 64 && length > 64) common += Math.clz32(word2 ^ node.word2);
    if (common === 96 && length > 96) common += Math.clz32(word3 ^ node.word3);
    if (common < length) break;
    if (node.owner !== null) owner = node.owner;
    if (length === 128) break;
    const word = length < 64 ? (length < 32 ? word0 : word1) : (length < 96 ? word2 : word3);
    node = (word << (length & 31)) >= 0 ? node.child0 : node.child1;
  }
  return owner;
}

/** The 32-bit mask with `bits` leading ones; none when `bits` <= 0, all when >= 32. */
function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

function versionOf(address: Uint8Array, prefixLength: number): IpFamily {
  const version = address.length === 4 ? 4 : 6;
  const longest = version === 4 ? 32 : 128;
  if (
    (version === 6 && address.length !== 16) || !Number.isInteger(prefixLength) ||
    prefixLength < 0 || prefixLength > longest
  ) {
    throw new RangeError(
      `Cannot use a prefix of ${address.length} bytes and length ${prefixLength}: ` +
        "must be 4 bytes and 0 to 32, or 16 bytes and 0 to 128",
    );
  }
  return version;
}

function nodeFor<Owner>(address: Uint8Array, prefixLength: number): Node<Owner> {
  return address.length === 4 ? new Node(4, prefixLength, wordOf(address, 0), 0, 0, 0) : new Node(
    6,
    prefixLength,
    wordOf(address, 0),
    wordOf(address, 4),
    wordOf(address, 8),
    wordOf(address, 12),
  );
}

/** Four bytes of `address` from `at` on. A view of it would cost more than all else of an insertion. */
function wordOf(address: Uint8Array, at: number): number {
  const a = address[at] ?? 0, b = address[at + 1] ?? 0;
  return a << 24 | b << 16 | (address[at + 2] ?? 0) << 8 | (address[at + 3] ?? 0);
}
