import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView } from "../host_view.ts";

const finding = findingsOf("ports");

/** Whether tunnels that aren't up can have their ports. */
export function checkPorts(
  { tunnels, udpPorts, unprivilegedPortStart, netBindService, isRoot }: Pick<
    HostView,
    "tunnels" | "udpPorts" | "unprivilegedPortStart" | "netBindService" | "isRoot"
  >,
): DoctorFinding[] {
  const found = tunnels.flatMap(({ name, config, running }) => {
    const port = config?.listenPort ?? 0;
    if (port === 0 || running !== null) return [];
    const interfaces = [name];
    if (udpPorts.has(port)) {
      const owner = tunnels.find((other) => other.running?.listenPort === port);
      const whose = owner === undefined ? "in use" : `${owner.name}'s`;
      return [finding("problem", `UDP port ${port} of ${name} is ${whose}`, {
        interfaces,
        meaning: `${name} can't come up`,
        advice: `ss -lunp 'sport = :${port}' tells whose it is; else choose another ListenPort`,
      })];
    }
    if (port >= unprivilegedPortStart || netBindService || !isRoot) return [];
    return [finding("problem", `ListenPort = ${port} of ${name} needs CAP_NET_BIND_SERVICE`, {
      interfaces,
      meaning: `${name} can't come up`,
      advice: `docker run --cap-add NET_BIND_SERVICE; or a ListenPort >= ${unprivilegedPortStart}`,
    })];
  });
  return found.length > 0 ? found : [finding("ok", "the ports of all configs can be had")];
}
