import type { IpPrefix } from "../../ip.ts";
import { RT_TABLE_MAIN } from "../../netlink/family.ts";
import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView, SeenRoute, SeenTunnel } from "../host_view.ts";

const finding = findingsOf("routes");
/** The metrics that routes get when none is asked for. */
const METRIC = { 4: 0, 6: 1024 } as const;
/** Conflicts told of one tunnel: a list of a country's networks may have thousands. */
const MAX_TOLD = 8;

/** Whether anybody else wants the addresses of a tunnel. */
export function checkRoutes(
  { tunnels, routes, links }: Pick<HostView, "tunnels" | "routes" | "links">,
): DoctorFinding[] {
  const nameOf = new Map(links.map(({ index, name }) => [index, name]));
  const found = [
    ...tunnels.flatMap((tunnel) => againstHost(tunnel, routes, nameOf).slice(0, MAX_TOLD)),
    ...betweenTunnels(tunnels),
  ];
  return found.length > 0 ? found : [finding("ok", "no two want the same addresses")];
}

function againstHost(
  { name, config, allowedIps }: SeenTunnel,
  routes: HostView["routes"],
  nameOf: ReadonlyMap<number, string>,
): DoctorFinding[] {
  // Without a config, nobody knows that `up` would add routes; with Table, they go elsewhere.
  if (config === null || !config.automaticRoutes) return [];
  const others = routes.filter(({ table, interfaceIndex, destination }) =>
    table === RT_TABLE_MAIN && destination.length > 0 && interfaceIndex !== null &&
    nameOf.get(interfaceIndex) !== name && !isLinkLocal(destination)
  );
  const byText = Map.groupBy(others, ({ destination }) => destination.toString());
  const atHand = others.filter(({ hasGateway }) => !hasGateway);
  const wanted = new Map(
    [...allowedIps, ...config.addresses.map((address) => address.masked())]
      .filter(({ length }) => length > 0)
      .map((prefix) => [prefix.toString(), prefix]),
  );
  const whose = ({ interfaceIndex }: SeenRoute) => nameOf.get(interfaceIndex ?? 0) ?? "another one";
  return [...wanted].flatMap(([text, prefix]) => {
    const equal = byText.get(text) ?? [];
    const same = equal.find(({ metric }) => metric === METRIC[prefix.family]);
    if (same !== undefined) {
      return [finding("problem", `${name} wants ${text}, for which ${whose(same)} has a route`, {
        interfaces: [name],
        meaning: `${name} can't come up, or its peers can't be reached there`,
        advice: `ip route show ${text}; choose other networks for the tunnel, or delete that route`,
      })];
    }
    const part = equal[0] ?? atHand.find(({ destination }) => destination.contains(prefix));
    if (part === undefined) return [];
    const seen = `${name} wants ${text}, which is in ${part.destination} of ${whose(part)}`;
    return [finding("warning", seen, {
      interfaces: [name],
      meaning: `while ${name} is up, hosts there are looked for in the tunnel, not at ${
        whose(part)
      }`,
      advice: "choose other networks for the tunnel, or narrow AllowedIPs",
    })];
  });
}

/** Each pair of tunnels that wants the same prefix is told once. */
function betweenTunnels(tunnels: readonly SeenTunnel[]): DoctorFinding[] {
  const owners = new Map<string, { prefix: IpPrefix; names: Set<string> }>();
  for (const { name, config, allowedIps } of tunnels) {
    if (config !== null && !config.automaticRoutes) continue;
    for (const prefix of allowedIps) {
      const owner = owners.get(prefix.toString()) ?? { prefix, names: new Set() };
      owner.names.add(name);
      owners.set(prefix.toString(), owner);
    }
  }
  const pairs = new Map<string, { prefixes: IpPrefix[]; names: string[] }>();
  for (const { prefix, names } of owners.values()) {
    if (names.size < 2) continue;
    const key = [...names].join(" ");
    const pair = pairs.get(key) ?? { prefixes: [], names: [...names] };
    pair.prefixes.push(prefix);
    pairs.set(key, pair);
  }
  return [...pairs.values()].map(({ prefixes, names }) => {
    const more = prefixes.length > 3 ? ` and ${prefixes.length - 3} more` : "";
    const seen = `${names.join(" and ")} want ${prefixes.slice(0, 3).join(", ")}${more}`;
    const isDefault = prefixes.every(({ length }) => length === 0);
    return finding("warning", seen, {
      interfaces: names,
      meaning: isDefault
        ? "the one that is brought up last gets the traffic"
        : "while one is up, the other one can't come up",
      advice: "don't have them up at the same time, or give each its own AllowedIPs",
    });
  });
}

/** Every interface has those. */
function isLinkLocal({ address }: IpPrefix): boolean {
  const [first = 0, second = 0] = address.bytes;
  return address.family === 6 && (first === 0xff || (first === 0xfe && (second & 0xc0) === 0x80));
}
