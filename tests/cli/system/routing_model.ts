/** Where a packet goes in a {@linkcode ModelState}: policy rules, then the longest prefix. */
import { IpAddress, type IpFamily, IpPrefix } from "../../../core/ip.ts";
import type { ModelState } from "./model_state.ts";

const MAIN = 254;

/** The index of the interface that a packet to `destination` leaves by, "unreachable", or null. */
export function routeOf(
  state: ModelState,
  destination: string,
  mark: number,
): number | "unreachable" | null {
  const address = IpAddress.parse(destination);
  if (address === null) throw new Error(`not an address: ${destination}`);
  const rules = state.rules.filter((rule) => rule.family === address.family)
    .toSorted((a, b) => a.priority - b.priority);
  for (const { rule } of rules) {
    const found = rule === "main"
      ? lookUp(state, address, MAIN, 0)
      : follow(state, address, rule, mark);
    if (found !== null) return found;
  }
  return null;
}

type Rule = ModelState["rules"][number]["rule"];

function follow(state: ModelState, address: IpAddress, rule: Rule, mark: number) {
  if (typeof rule === "string") return null;
  switch (rule.match) {
    case "not-fwmark":
      return mark === rule.fwmark ? null : lookUp(state, address, rule.table, 0);
    case "suppress-default":
      return lookUp(state, address, MAIN, 1);
    case "fwmark":
      return mark === rule.fwmark ? lookUp(state, address, MAIN, 0) : null;
  }
}

function lookUp(state: ModelState, address: IpAddress, table: number, shortest: number) {
  let best: { length: number; index: number | "unreachable" } | null = null;
  for (const route of state.routes) {
    if (route.table !== table || route.family !== address.family) continue;
    const prefix = prefixOf(route.prefix, route.family);
    if (!prefix.contains(address) || prefix.length < shortest) continue;
    // The unreachable one has the worst metric.
    const isBetter = best === null || prefix.length > best.length || best.index === "unreachable";
    if (isBetter) best = { length: prefix.length, index: route.index ?? "unreachable" };
  }
  return best?.index ?? null;
}

function prefixOf(text: string, family: IpFamily): IpPrefix {
  const prefix = IpPrefix.parse(
    text === "unreachable" ? (family === 4 ? "0.0.0.0/0" : "::/0") : text,
  );
  if (prefix === null) throw new Error(`not a prefix: ${text}`);
  return prefix;
}
