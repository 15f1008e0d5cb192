import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView, SeenLink } from "../host_view.ts";

const finding = findingsOf("vpns");
/** Kinds of interfaces that other VPNs make. */
const KINDS: ReadonlySet<string> = new Set([
  "tun",
  "wireguard",
  "amneziawg",
  "ovpn-dco",
  "ovpn",
  "ppp",
  "xfrm",
  "vti",
  "vti6",
]);

/** Other VPNs, which may want the same traffic. */
export function checkVpns(
  { links, routes, tunnels }: Pick<HostView, "links" | "routes" | "tunnels">,
): DoctorFinding[] {
  const own = new Set(tunnels.filter(({ running }) => running !== null).map(({ name }) => name));
  const others = links.filter(({ name, kind }) => KINDS.has(kind) && !own.has(name));
  if (others.length === 0) return [finding("ok", "there is no other VPN's interface")];
  const rivals = tunnels.filter(({ allowedIps }) => allowedIps.some(({ length }) => length <= 1))
    .map(({ name }) => name);
  return others.map((link) => {
    const seen = `${link.name} is another VPN's (${link.kind})`;
    if (!takesAll(link, routes)) return finding("ok", seen);
    if (rivals.length === 0) return finding("ok", `${seen}, and takes the default route`);
    return finding("warning", `${seen}, and takes the default route`, {
      interfaces: rivals,
      meaning:
        `${rivals.join(", ")}: wants it too; the one that was brought up last gets the traffic, ` +
        "the other one's datagrams may go through it, and DNS may be either's",
      advice:
        `take one of them down, or narrow AllowedIPs (ip route show table all dev ${link.name})`,
    });
  });
}

/** Whether routes through `link` take all of a family: /0, or the two halves. */
function takesAll({ index }: SeenLink, routes: HostView["routes"]): boolean {
  return routes.some(({ interfaceIndex, destination }) =>
    interfaceIndex === index && destination.length <= 1
  );
}
