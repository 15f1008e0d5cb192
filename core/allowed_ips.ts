import {
  CHILD,
  LENGTH,
  lookup4,
  lookup6,
  maskOf,
  NEXT,
  NODE_WORDS,
  NONE,
  OWNER,
  PARENT,
  PREVIOUS,
  VERSION,
  WORD0,
  WORD1,
  WORD2,
  WORD3,
  wordOf,
  writeWord,
} from "./allowed_ips_node.ts";
import type { IpFamily } from "./ip.ts";

/** An IP prefix that belongs to a peer. */
export interface AllowedIp {
  /** Network address, host bits zero; 4 or 16 bytes, network byte order. */
  readonly address: Uint8Array;
  /** 0 to 32 or 128. */
  readonly prefixLength: number;
}

const INITIAL_NODES = 16;
/** How much larger a full table's next one is: what isn't used of it takes no memory. */
const GROWTH = 4;
/** How many bits of a prefix may differ from the last one's for it to be near. */
const NEAR = 8;

/**
 * Which peer an inner IP address belongs to ("crypto-key routing", whitepaper section 2): the owner
 * of the longest prefix that holds the address. A prefix has one owner, the last one that claimed it.
 *
 * Two path-compressed binary tries, one per IP version: a lookup visits no more nodes than there
 * are nested prefixes and branches on the way, and allocates nothing.
 */
export class AllowedIps<Owner> {
  #nodes = new Int32Array(INITIAL_NODES * NODE_WORDS);
  /** Where the nodes end that were ever used; the first one is none. */
  #end = NODE_WORDS;
  /** The first of the nodes given back, linked by {@linkcode NEXT}. */
  #free = NONE;
  #root4 = NONE;
  #root6 = NONE;
  /** What was inserted last, unless it has gone. Lists are mostly in order: the next one is near. */
  #recent4 = NONE;
  #recent6 = NONE;
  /** By the index that nodes have of them. */
  readonly #owners: (Owner | null)[] = [null];
  readonly #claimsOfOwners: (Claims<Owner> | null)[] = [null];
  readonly #freeOwners: number[] = [];
  readonly #claims = new Map<Owner, Claims<Owner>>();
  /** Iterations under way: few. */
  readonly #walks: Walk[] = [];
  /** Those that have ended, for the next ones: a peer's is short, and there may be very many peers. */
  readonly #idleWalks: Walk[] = [];

  /** Gives `address`/`prefixLength` to `owner`, and takes it from whoever has it. */
  insert(address: Uint8Array, prefixLength: number, owner: Owner): void {
    const version = versionOf(address, prefixLength);
    const wanted = this.#nodeFor(version, address, prefixLength);
    const node = this.#findOrAdd(version, wanted);
    if (node !== wanted) this.#release(wanted);
    this.#disown(node);
    this.#own(node, owner);
    if (version === 4) this.#recent4 = node;
    else this.#recent6 = node;
  }

  /** Takes `address`/`prefixLength` from `owner`; nothing happens when it is another's or nobody's. */
  remove(address: Uint8Array, prefixLength: number, owner: Owner): void {
    const version = versionOf(address, prefixLength);
    const claims = this.#claims.get(owner);
    if (claims === undefined) return;
    const wanted = this.#nodeFor(version, address, prefixLength);
    const node = this.#find(version, wanted);
    this.#release(wanted);
    if (node === NONE || this.#get(node + OWNER) !== claims.index) return;
    this.#disown(node);
    this.#prune(node);
    if (this.#claims.size === 0) this.#clear();
  }

  /** Takes all prefixes from `owner`. */
  removeByPeer(owner: Owner): void {
    const claims = this.#claims.get(owner);
    if (claims === undefined) return;
    if (this.#claims.size === 1) {
      this.#forget(claims);
      for (const walk of this.#walks) walk.node = NONE;
      this.#clear();
      return;
    }
    for (let left = claims.count; left > 0; left--) {
      const node = claims.first;
      this.#disown(node);
      this.#prune(node);
    }
  }

  /**
   * Gives back the memory of a table in which nothing is left: 12 MiB after 130,560 prefixes. To do so when
   * the last one goes would be too early: it is often replaced at once.
   */
  shrink(): void {
    if (this.#claims.size > 0 || this.#nodes.length === INITIAL_NODES * NODE_WORDS) return;
    this.#nodes = new Int32Array(INITIAL_NODES * NODE_WORDS);
  }

  /** Begins anew: nothing is left. */
  #clear(): void {
    this.#root4 =
      this.#root6 =
      this.#recent4 =
      this.#recent6 =
      this.#free =
        NONE;
    this.#end = NODE_WORDS;
  }

  /** The prefixes of `owner` in the order in which they were claimed. */
  *entries(owner: Owner): Generator<AllowedIp> {
    for (const { address, prefixLength } of this.walk(owner)) {
      yield { address: address.slice(), prefixLength };
    }
  }

  /**
   * As {@linkcode entries}, but each is valid only until the next one is asked for: they are one object.
   * Prefixes may come and go meanwhile. An iteration that stops early must call `return()`, and one that has
   * ended must not be asked again: it serves for another then.
   */
  walk(owner: Owner): IterableIterator<AllowedIp, undefined> {
    const walk = this.#idleWalks.pop() ?? this.#createWalk();
    walk.node = this.#claims.get(owner)?.first ?? NONE;
    this.#walks.push(walk);
    return walk;
  }

  #createWalk(): Walk {
    const walk: Walk = new Walk(() => this.#advance(walk), () => this.#endWalk(walk));
    return walk;
  }

  /** Reads the node that comes next into `walk`; false when there is none. */
  #advance(walk: Walk): boolean {
    const { node, prefix } = walk;
    if (node === NONE) return false;
    walk.node = this.#get(node + NEXT);
    prefix.prefixLength = this.#get(node + LENGTH);
    if (this.#get(node + VERSION) === 4) {
      prefix.address = walk.ipv4;
      writeWord(walk.ipv4, 0, this.#get(node + WORD0));
      return true;
    }
    const { ipv6 } = walk;
    prefix.address = ipv6;
    writeWord(ipv6, 0, this.#get(node + WORD0));
    writeWord(ipv6, 4, this.#get(node + WORD1));
    writeWord(ipv6, 8, this.#get(node + WORD2));
    writeWord(ipv6, 12, this.#get(node + WORD3));
    return true;
  }

  #endWalk(walk: Walk): void {
    const at = this.#walks.indexOf(walk);
    if (at < 0) return;
    this.#walks.splice(at, 1);
    this.#idleWalks.push(walk);
  }

  /** How many prefixes `owner` has. */
  count(owner: Owner): number {
    return this.#claims.get(owner)?.count ?? 0;
  }

  /** The owner of the address (network byte order) at `offset` of `view`; null when it has none. */
  lookup(view: DataView, offset: number, version: IpFamily): Owner | null {
    const owner = version === 4
      ? lookup4(this.#nodes, this.#root4, view.getInt32(offset))
      : lookup6(this.#nodes, this.#root6, view, offset);
    return this.#owners[owner] ?? null;
  }

  #get(index: number): number {
    return this.#nodes[index] ?? NONE;
  }

  /** A node for a prefix that is in no trie yet. */
  #nodeFor(version: IpFamily, address: Uint8Array, prefixLength: number): number {
    const node = this.#allocate(version, prefixLength);
    const nodes = this.#nodes;
    nodes[node + WORD0] = wordOf(address, 0) & maskOf(prefixLength);
    if (version === 6) {
      nodes[node + WORD1] = wordOf(address, 4) & maskOf(prefixLength - 32);
      nodes[node + WORD2] = wordOf(address, 8) & maskOf(prefixLength - 64);
      nodes[node + WORD3] = wordOf(address, 12) & maskOf(prefixLength - 96);
    }
    return node;
  }

  /** A node for the first `length` bits of what `node` is for. */
  #truncated(version: IpFamily, node: number, length: number): number {
    const branch = this.#allocate(version, length);
    const nodes = this.#nodes;
    nodes[branch + WORD0] = this.#get(node + WORD0) & maskOf(length);
    nodes[branch + WORD1] = this.#get(node + WORD1) & maskOf(length - 32);
    nodes[branch + WORD2] = this.#get(node + WORD2) & maskOf(length - 64);
    nodes[branch + WORD3] = this.#get(node + WORD3) & maskOf(length - 96);
    return branch;
  }

  /** A node of zeros but for these. */
  #allocate(version: IpFamily, length: number): number {
    let node = this.#free;
    if (node !== NONE) {
      this.#free = this.#get(node + NEXT);
    } else {
      node = this.#end;
      this.#end += NODE_WORDS;
      if (this.#end > this.#nodes.length) {
        const larger = new Int32Array(GROWTH * this.#nodes.length);
        larger.set(this.#nodes);
        this.#nodes = larger;
      }
    }
    const nodes = this.#nodes;
    nodes[node + WORD0] = 0;
    nodes[node + LENGTH] = length;
    nodes[node + OWNER] = NONE;
    nodes[node + CHILD] = NONE;
    nodes[node + CHILD + 1] = NONE;
    nodes[node + WORD1] = 0;
    nodes[node + WORD2] = 0;
    nodes[node + WORD3] = 0;
    nodes[node + VERSION] = version;
    // Links are set with what they belong to: the parent's child, the owner's list.
    return node;
  }

  #release(node: number): void {
    if (node === this.#recent4) this.#recent4 = NONE;
    if (node === this.#recent6) this.#recent6 = NONE;
    this.#nodes[node + NEXT] = this.#free;
    this.#free = node;
  }

  /** Where to begin to look for `wanted`: at a node that contains it and is near, or at the root. */
  #begin(version: IpFamily, wanted: number): number {
    let node = version === 4 ? this.#recent4 : this.#recent6;
    const common = Math.min(this.#commonBits(node, wanted), this.#get(wanted + LENGTH));
    if (common > 0 && common >= this.#get(node + LENGTH) - NEAR) {
      while (node !== NONE && this.#get(node + LENGTH) > common) node = this.#get(node + PARENT);
      if (node !== NONE) return node;
    }
    return version === 4 ? this.#root4 : this.#root6;
  }

  #find(version: IpFamily, wanted: number): number {
    const length = this.#get(wanted + LENGTH);
    let node = this.#begin(version, wanted);
    while (node !== NONE && this.#contains(node, wanted)) {
      if (this.#get(node + LENGTH) === length) return node;
      node = this.#childTowards(node, wanted);
    }
    return NONE;
  }

  #findOrAdd(version: IpFamily, wanted: number): number {
    const length = this.#get(wanted + LENGTH);
    let parent = NONE;
    let node = this.#begin(version, wanted);
    while (node !== NONE && this.#contains(node, wanted)) {
      if (this.#get(node + LENGTH) === length) return node;
      parent = node;
      node = this.#childTowards(node, wanted);
    }
    if (node === NONE) {
      this.#attach(version, parent, wanted);
      return wanted;
    }
    const common = Math.min(this.#commonBits(node, wanted), length);
    if (common === length) {
      this.#attach(version, parent, wanted);
      this.#adopt(wanted, node);
      return wanted;
    }
    const branch = this.#truncated(version, wanted, common);
    this.#attach(version, parent, branch);
    this.#adopt(branch, node);
    this.#adopt(branch, wanted);
    return wanted;
  }

  /** Whether `other` is a prefix that lies in that of `node`, or the same. */
  #contains(node: number, other: number): boolean {
    const length = this.#get(node + LENGTH);
    return length <= this.#get(other + LENGTH) && this.#commonBits(node, other) === length;
  }

  /** How many leading bits both addresses share, up to the length of `node`. */
  #commonBits(node: number, other: number): number {
    const nodes = this.#nodes;
    const length = nodes[node + LENGTH] ?? 0;
    let common = Math.clz32((nodes[node + WORD0] ?? 0) ^ (nodes[other + WORD0] ?? 0));
    if (common === 32 && length > 32) {
      common += Math.clz32((nodes[node + WORD1] ?? 0) ^ (nodes[other + WORD1] ?? 0));
      if (common === 64) {
        common += Math.clz32((nodes[node + WORD2] ?? 0) ^ (nodes[other + WORD2] ?? 0));
      }
      if (common === 96) {
        common += Math.clz32((nodes[node + WORD3] ?? 0) ^ (nodes[other + WORD3] ?? 0));
      }
    }
    return Math.min(common, length);
  }

  /** The child of `node` in whose half of it the longer prefix `other` lies. */
  #childTowards(node: number, other: number): number {
    return this.#get(node + CHILD + this.#bit(other, this.#get(node + LENGTH)));
  }

  /** Bit `index` of the address, counted from the most significant one. */
  #bit(node: number, index: number): number {
    const word = index < 32 ? WORD0 : WORD1 - 1 + (index >> 5);
    return (this.#get(node + word) >>> (31 - (index & 31))) & 1;
  }

  /** Makes `node`, a longer prefix inside that of `parent`, its child in place of what was there. */
  #adopt(parent: number, node: number): void {
    this.#nodes[node + PARENT] = parent;
    this.#nodes[parent + CHILD + this.#bit(node, this.#get(parent + LENGTH))] = node;
  }

  /** Puts `node` below `parent`, or at the root, in place of what was there. */
  #attach(version: number, parent: number, node: number): void {
    if (parent !== NONE) this.#adopt(parent, node);
    else this.#setRoot(version, node);
  }

  #setRoot(version: number, node: number): void {
    if (node !== NONE) this.#nodes[node + PARENT] = NONE;
    if (version === 4) this.#root4 = node;
    else this.#root6 = node;
  }

  /** Adds `node`, which is nobody's, to the end of the owner's list. */
  #own(node: number, owner: Owner): void {
    let claims = this.#claims.get(owner);
    if (claims === undefined) {
      const index = this.#freeOwners.pop() ?? this.#owners.length;
      claims = { owner, index, first: NONE, last: NONE, count: 0 };
      this.#owners[index] = owner;
      this.#claimsOfOwners[index] = claims;
      this.#claims.set(owner, claims);
    }
    const nodes = this.#nodes;
    nodes[node + OWNER] = claims.index;
    nodes[node + PREVIOUS] = claims.last;
    nodes[node + NEXT] = NONE;
    if (claims.last === NONE) claims.first = node;
    else nodes[claims.last + NEXT] = node;
    claims.last = node;
    claims.count++;
  }

  /** Takes `node` from its owner, if it has one, and out of its list. */
  #disown(node: number): void {
    const claims = this.#claimsOfOwners[this.#get(node + OWNER)] ?? null;
    if (claims === null) return;
    const nodes = this.#nodes;
    const previous = this.#get(node + PREVIOUS), next = this.#get(node + NEXT);
    nodes[node + OWNER] = NONE;
    if (previous === NONE) claims.first = next;
    else nodes[previous + NEXT] = next;
    if (next === NONE) claims.last = previous;
    else nodes[next + PREVIOUS] = previous;
    for (const walk of this.#walks) if (walk.node === node) walk.node = next;
    if (--claims.count === 0) this.#forget(claims);
  }

  #forget(claims: Claims<Owner>): void {
    this.#claims.delete(claims.owner);
    this.#owners[claims.index] = this.#claimsOfOwners[claims.index] = null;
    this.#freeOwners.push(claims.index);
  }

  /** Removes `node`, and then its parent, as long as they neither have an owner nor branch. */
  #prune(node: number): void {
    const nodes = this.#nodes;
    while (node !== NONE && this.#get(node + OWNER) === NONE) {
      const child0 = this.#get(node + CHILD), child1 = this.#get(node + CHILD + 1);
      if (child0 !== NONE && child1 !== NONE) return;
      const parent = this.#get(node + PARENT);
      const only = child0 === NONE ? child1 : child0;
      if (parent === NONE) {
        this.#setRoot(this.#get(node + VERSION), only);
      } else {
        nodes[parent + CHILD + (this.#get(parent + CHILD) === node ? 0 : 1)] = only;
        if (only !== NONE) nodes[only + PARENT] = parent;
      }
      this.#release(node);
      node = parent;
    }
  }
}

/** An owner and the list of its nodes, in the order in which they were claimed; never an empty one. */
interface Claims<Owner> {
  readonly owner: Owner;
  /** In the list of owners; never 0. */
  readonly index: number;
  first: number;
  last: number;
  count: number;
}

/** An iteration through the prefixes of an owner. */
class Walk implements IterableIterator<AllowedIp, undefined> {
  /** The node that comes next. */
  node = NONE;
  readonly ipv4 = new Uint8Array(4);
  readonly ipv6 = new Uint8Array(16);
  readonly prefix = { address: this.ipv4, prefixLength: 0 };
  readonly #result: IteratorYieldResult<AllowedIp> = { value: this.prefix, done: false };
  readonly #advance: () => boolean;
  readonly #end: () => void;

  /** `advance` reads the next prefix, or gives false; `end` is called once there is none. */
  constructor(advance: () => boolean, end: () => void) {
    this.#advance = advance;
    this.#end = end;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<AllowedIp, undefined> {
    return this.#advance() ? this.#result : this.return();
  }

  return(): IteratorReturnResult<undefined> {
    this.#end();
    return { value: undefined, done: true };
  }
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
