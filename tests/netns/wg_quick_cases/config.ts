/** What the cases for wg-quick are made of. */
import type { QuickCase } from "../harness/quick_run.ts";

/** Private keys of nobody. */
export const KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
/** Public keys of nobody. */
export const PEER = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
export const OTHER_PEER = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";
/** On the uplink's network. */
export const ENDPOINT = "10.77.0.2:51820";

/** What of a usual config a case changes. */
export interface Parts {
  /** Lines of [Interface], beside the key. */
  readonly lines?: readonly string[];
  /** The peer's; none for no peer. */
  readonly allowedIps?: string;
  /** Null for none. */
  readonly endpoint?: string | null;
  /** Lines behind the peer's. */
  readonly more?: readonly string[];
}

/** A config with one peer. */
export function config({ lines = [], allowedIps, endpoint = ENDPOINT, more = [] }: Parts): string {
  const peer = allowedIps === undefined ? [] : [
    "[Peer]",
    `PublicKey = ${PEER}`,
    ...(endpoint === null ? [] : [`Endpoint = ${endpoint}`]),
    `AllowedIPs = ${allowedIps}`,
  ];
  return ["[Interface]", `PrivateKey = ${KEY}`, ...lines, ...peer, ...more, ""].join("\n");
}

/** Cases of configs that are whole texts, or made of parts. */
export function cases(
  table: Readonly<Record<string, string | Parts & Omit<Partial<QuickCase>, "name">>>,
): QuickCase[] {
  return Object.entries(table).map(([name, value]) => {
    if (typeof value === "string") return { name, config: value };
    const { lines, allowedIps, endpoint, more, ...rest } = value;
    const parts: Parts = {
      ...(lines && { lines }),
      ...(allowedIps !== undefined && { allowedIps }),
      ...(endpoint !== undefined && { endpoint }),
      ...(more && { more }),
    };
    return { name, config: config(parts), ...rest };
  });
}
