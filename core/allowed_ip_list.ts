import { CANONICAL_NETWORK } from "./canonical_prefix.ts";
import type { AllowedIpChange } from "./interface_change.ts";
import { IpPrefix } from "./ip.ts";

/**
 * As many as are looked at at once, or none: an expression that repeats without end needs memory for
 * each time, and one that repeats at least once is compiled twice.
 */
const NETWORKS = new RegExp(`(?:(?:, *)?${CANONICAL_NETWORK}(?=,|$)){0,64}`, "y");
/** Changes that {@linkcode AllowedIpList.of} makes one text of. */
const CHANGES_PER_TEXT = 1024;
const COMMA = /, */g;

/** How the control protocol writes allowed IPs: this before each, and a newline behind it. */
const LINE_START = "allowed_ip=";
const SEPARATOR = `\n${LINE_START}`;

/**
 * Where those items of a list end, from `at` of `text` on, that are networks which
 * {@linkcode CANONICAL_NETWORK} matches; `at` when there is none. Between items are commas, with spaces
 * behind them or not.
 */
export function networksEnd(text: string, at: number): number {
  // An empty item.
  if (text[at] === ",") return at;
  for (let end = at;;) {
    NETWORKS.lastIndex = end;
    NETWORKS.test(text);
    const { lastIndex } = NETWORKS;
    if (lastIndex === end || lastIndex === text.length) return lastIndex;
    end = lastIndex;
  }
}

/**
 * Changes of a peer's allowed IPs, in order, kept as they are written: there may be very many, and who sends
 * them needs no more than that.
 */
export class AllowedIpList {
  readonly #texts: string[] = [];
  #hasOnlyNetworks = true;

  /** The same as `changes`. */
  static of(changes: readonly AllowedIpChange[]): AllowedIpList {
    const list = new AllowedIpList();
    for (let at = 0; at < changes.length; at += CHANGES_PER_TEXT) {
      list.#texts.push(
        changes.slice(at, at + CHANGES_PER_TEXT).map((change) => formatChange(change)).join(","),
      );
    }
    list.#hasOnlyNetworks = changes.length === 0;
    return list;
  }

  /** Adds one. */
  add(change: AllowedIpChange): void {
    this.#texts.push(formatChange(change));
    this.#hasOnlyNetworks = false;
  }

  /** Adds those that a list of networks is about, whose end is that of {@linkcode networksEnd}. */
  addNetworks(text: string): void {
    this.#texts.push(text);
  }

  /**
   * All of them, each text some: with commas between two, and maybe spaces, and a leading `-` where the peer
   * loses it; else as `IpPrefix` prints them.
   */
  get texts(): readonly string[] {
    return this.#texts;
  }

  /** All of them, read. */
  changes(): AllowedIpChange[] {
    return this.#items().map((item) => {
      const remove = item.startsWith("-");
      const prefix = IpPrefix.parse(remove ? item.slice(1) : item);
      if (prefix === null) throw new TypeError(`${item} is no allowed IP`);
      return { prefix, remove };
    });
  }

  /** As {@linkcode changes}, but without host bits, and as text: with a leading `-` what the peer loses. */
  networks(): string[] {
    if (this.#hasOnlyNetworks) return this.#items();
    return this.changes().map((change) => formatChange(change, change.prefix.masked()));
  }

  /**
   * Whether the peer gets exactly `networks`, in this order, and loses none. Each of these is one as
   * `IpPrefix` prints it, or some as lines of the control protocol.
   */
  gets(networks: readonly string[]): boolean {
    let next = 0, lines = "", at = 0;
    for (const text of this.#hasOnlyNetworks ? this.#texts : this.networks()) {
      const wanted = allowedIpLines(text);
      for (let done = 0, size; done < wanted.length; done += size, at += size) {
        if (at === lines.length) {
          const network = networks[next++] ?? "";
          lines = network.endsWith("\n") ? network : allowedIpLines(network);
          at = 0;
        }
        size = Math.min(wanted.length - done, lines.length - at);
        // Slices, since `startsWith` goes through them character by character.
        if (lines.slice(at, at + size) !== wanted.slice(done, done + size)) return false;
      }
    }
    return at === lines.length && next === networks.length;
  }

  #items(): string[] {
    return this.#texts.flatMap((text) => text.split(COMMA));
  }
}

/** One of an {@linkcode AllowedIpList}'s texts as lines of the control protocol. */
export function allowedIpLines(text: string): string {
  return `${LINE_START}${text.replace(COMMA, SEPARATOR)}\n`;
}

function formatChange({ prefix, remove }: AllowedIpChange, written = prefix): string {
  return remove ? `-${written}` : String(written);
}
