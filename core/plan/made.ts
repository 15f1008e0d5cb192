/**
 * What `up`, or the last `reload`, gave to an interface. Of all that an interface has, only this is
 * theirs to take away again: commands of the config and administrators add addresses and routes too.
 *
 * @module
 */
import type { QuickConfig, WgPeerConfig } from "../config/types.ts";
import type { IpFamily } from "../ip.ts";
import { formatPublicKey } from "../keys.ts";
import type { Step } from "./up.ts";

/** See the module. Plain data for the journal, without secrets. */
export interface Made {
  /** As in the config. */
  readonly addresses: readonly string[];
  /** As {@linkcode routeKey} writes them. */
  readonly routes: readonly string[];
  /** The fwmark that was chosen for a default route; null where the config's is used, or none. */
  readonly fwmark: number | null;
  /**
   * The config's endpoints (`endpointWords`) by the peers' public keys in base64: one that roamed since
   * isn't set back.
   */
  readonly endpoints: Readonly<Record<string, string>>;
  /** What {@linkcode settingsOfUp} were. */
  readonly settingsOfUp: Readonly<Record<string, string>>;
  /** Whether all of this was made; not while a reload is on its way, or was cut off. */
  readonly complete: boolean;
}

/** A route through the interface. */
export interface TunnelRoute {
  readonly family: IpFamily;
  readonly prefix: string;
  /** Null is the main table. */
  readonly table: number | null;
}

const MAIN_TABLE = 254;

/** A name for a route through an interface: no other one through it has the same. */
export function routeKey({ prefix, table }: Pick<TunnelRoute, "prefix" | "table">): string {
  return table === null || table === MAIN_TABLE ? prefix : `${prefix} ${table}`;
}

/** The route that {@linkcode routeKey} named. */
export function routeOfKey(key: string): TunnelRoute {
  const [prefix = "", table] = key.split(" ");
  return {
    family: prefix.includes(":") ? 6 : 4,
    prefix,
    table: table === undefined ? null : Number(table),
  };
}

/** Where a config has a peer reached: its endpoint and its fallback endpoints, with spaces between. */
export function endpointWords({ endpoint, fallbackEndpoints = [] }: WgPeerConfig): string {
  return [endpoint?.text ?? "", ...fallbackEndpoints.map(({ text }) => text)].join(" ");
}

/** Settings that only `up` can make, by their keys; "" where there is none. */
export function settingsOfUp({ interface: config }: QuickConfig): Record<string, string> {
  return {
    PreUp: config.preUp.join("\n"),
    PostUp: config.postUp.join("\n"),
    BindAddress: (config.bindAddresses ?? []).join(),
    BindInterface: config.bindInterface ?? "",
  };
}

/** What `steps` make for `config`. */
export function madeBy(steps: readonly Step[], config: QuickConfig): Made {
  const addresses: string[] = [], routes: string[] = [];
  let fwmark: number | null = null;
  for (const { action } of steps) {
    if (action.kind === "add-address") addresses.push(action.prefix);
    else if (action.kind === "add-route") routes.push(routeKey(action));
    else if (action.kind === "set-fwmark") fwmark = action.fwmark;
  }
  const endpoints: Record<string, string> = {};
  for (const peer of config.peers) {
    const words = endpointWords(peer);
    if (words.trim() !== "") endpoints[formatPublicKey(peer.publicKey)] = words;
  }
  const settings = settingsOfUp(config);
  return { addresses, routes, fwmark, endpoints, settingsOfUp: settings, complete: true };
}

/** What may be there while `to` is being made of `from`. */
export function between(from: Made, to: Made): Made {
  return {
    ...from,
    addresses: [...new Set([...from.addresses, ...to.addresses])],
    routes: [...new Set([...from.routes, ...to.routes])],
    fwmark: to.fwmark ?? from.fwmark,
    complete: false,
  };
}
