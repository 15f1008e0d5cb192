import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView, SeenEndpoint, SeenTunnel } from "../host_view.ts";

const finding = findingsOf("mtu");
/** Headers of IPv4 or IPv6, UDP (8) and transport data (16), and the tag (16), in bytes. */
const OVERHEAD = { 4: 20 + 8 + 16 + 16, 6: 40 + 8 + 16 + 16 } as const;
/** What `up` leaves room for: a peer may roam to IPv6. */
const DISCOVERY_OVERHEAD = OVERHEAD[6];

/** Whether full packets of tunnels fit the way to their endpoints. */
export function checkMtu(
  { tunnels, links, ended, journals }: Pick<HostView, "tunnels" | "links" | "ended" | "journals">,
): DoctorFinding[] {
  // What is left of a dead one's routes leads nowhere, which is told already.
  const left = new Set([
    ...ended.map(({ name }) => name),
    ...("value" in journals ? journals.value : []).filter(({ isAlive }) => !isAlive)
      .map(({ name }) => name),
  ]);
  return tunnels.filter(({ name }) => !left.has(name)).flatMap((tunnel) => {
    const lost = tunnel.endpoints.flatMap((endpoint) => checkWay(tunnel, endpoint));
    return lost.length > 0 ? lost : checkSize(tunnel, links);
  });
}

function checkWay({ name, running }: SeenTunnel, endpoint: SeenEndpoint): DoctorFinding[] {
  const { address, interfaceName } = endpoint;
  if (interfaceName === null) {
    return [finding("warning", `there is no way to ${address}, an endpoint of ${name}`, {
      interfaces: [name],
      meaning: "the peer can't be reached",
      advice: `ip route get ${address}`,
    })];
  }
  if (interfaceName !== name || running === null) return [];
  return [finding("problem", `the way to ${address}, an endpoint of ${name}, is ${name} itself`, {
    interfaces: [name],
    meaning: "its datagrams go round and round instead of to the peer",
    advice: `take ${address} out of AllowedIPs, or give it a route of its own: ` +
      `ip route add ${address} via ROUTER`,
  })];
}

function checkSize(tunnel: SeenTunnel, links: HostView["links"]): DoctorFinding[] {
  const { name, config, running, endpoints } = tunnel;
  const interfaces = [name];
  const link = running === null ? undefined : links.find((link) => link.name === name);
  const mtu = link?.mtu ?? config?.mtu ?? null;
  const known = endpoints.filter((endpoint) => endpoint.mtu !== null);
  if (known.length === 0) {
    if (mtu === null) return [];
    const seen = `${name} has an MTU of ${mtu}; the way to its endpoints isn't known yet`;
    return [finding("ok", seen, { interfaces })];
  }
  const narrowest = known.reduce((a, b) => (room(a) <= room(b) ? a : b));
  const path = `the way to ${narrowest.address} takes packets of ${narrowest.mtu} bytes`;
  const fitting = Math.min(...known.map((endpoint) => endpoint.mtu ?? 0)) - DISCOVERY_OVERHEAD;
  if (mtu === null) {
    return [finding("ok", `${path}: \`up' will give ${name} an MTU of ${fitting}`, { interfaces })];
  }
  if (mtu <= room(narrowest)) {
    return [finding("ok", `${path}: the MTU of ${name}, ${mtu}, fits`, { interfaces })];
  }
  return [finding("warning", `${path}, but the MTU of ${name} is ${mtu}`, {
    interfaces,
    meaning:
      `packets of more than ${room(narrowest)} bytes are sent in two fragments, which is slow, ` +
      "and which some networks drop",
    advice: running === null
      ? `MTU = ${fitting} in its config, or none, for \`up' to find it`
      : `ip link set dev ${name} mtu ${fitting}; and MTU = ${fitting} in its config, or none`,
  })];
}

/** The largest packet of a tunnel that fits. */
function room({ address, mtu }: SeenEndpoint): number {
  return (mtu ?? Infinity) - OVERHEAD[address.family];
}
