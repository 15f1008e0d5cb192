import { CANONICAL_NETWORK } from "./canonical_prefix.ts";
import type { AllowedIpChange } from "./interface_change.ts";
import { IpPrefix } from "./ip.ts";

/** As many as are looked at at once: an expression that repeats without end needs memory for each time. */
const NETWORKS = new RegExp(`(?!,)(?:,?${CANONICAL_NETWORK}(?=,|$)){1,64}`, "y");
/** Changes that {@linkcode AllowedIpList.of} makes one text of. */
const RUN = 1024;

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
    for (let at = 0; at < changes.length; at += RUN) {
      list.#texts.push(changes.slice(at, at + RUN).map((change) => formatChange(change)).join(","));
    }
    list.#hasOnlyNetworks = changes.length === 0;
    return list;
  }

  /**
   * All of them: each text has some, with commas between them. They are written as `IpPrefix` prints them,
   * those that a peer loses with a leading `-`.
   */
  get texts(): readonly string[] {
    return this.#texts;
  }

  /** Adds one. */
  add(change: AllowedIpChange): void {
    this.#texts.push(formatChange(change));
    this.#hasOnlyNetworks = false;
  }

  /**
   * Adds those that the peer gets by the items of `text` from `at` on, as far as these are networks that
   * {@linkcode CANONICAL_NETWORK} matches: they needn't be read. Commas part items. Gives where the last one
   * ends; `at` when there is none.
   */
  addNetworks(text: string, at: number): number {
    let end = at;
    NETWORKS.lastIndex = at;
    while (NETWORKS.test(text)) {
      end = NETWORKS.lastIndex;
      // What follows is a comma, or nothing: then there is no match any more.
      NETWORKS.lastIndex = end + 1;
    }
    if (end > at) this.#texts.push(text.slice(at, end));
    return end;
  }

  /** All of them, read. */
  changes(): AllowedIpChange[] {
    return this.#texts.flatMap((text) => text.split(",")).map((item) => {
      const remove = item.startsWith("-");
      const prefix = IpPrefix.parse(remove ? item.slice(1) : item);
      if (prefix === null) throw new TypeError(`${item} is no allowed IP`);
      return { prefix, remove };
    });
  }

  /** As {@linkcode texts}, without host bits, and all in one. */
  networkText(): string {
    if (this.#hasOnlyNetworks) return this.#texts.join(",");
    return this.changes().map((change) => formatChange(change, change.prefix.masked())).join(",");
  }
}

function formatChange({ prefix, remove }: AllowedIpChange, written = prefix): string {
  return remove ? `-${written}` : String(written);
}
