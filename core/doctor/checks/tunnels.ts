import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView } from "../host_view.ts";

const finding = findingsOf("tunnels");

/** Which WireGuard interfaces there are, whoever serves them. */
export function checkTunnels(
  { tunnels, unreadable }: Pick<HostView, "tunnels" | "unreadable">,
): DoctorFinding[] {
  const found = [
    ...tunnels.flatMap(({ name, config, running }) => {
      if (running === null) return [];
      const { backend, isHere, listenPort, fwmark } = running;
      const port = listenPort === 0 ? "no port" : `port ${listenPort}`;
      const mark = fwmark === 0 ? "" : `, fwmark 0x${fwmark.toString(16)}`;
      const where = isHere ? "" : " in another network namespace";
      const seen = `${name} runs${where} (${backend}), ${port}${mark}`;
      if (isHere || config === null) return [finding("ok", seen, { interfaces: [name] })];
      return [finding("warning", seen, {
        interfaces: [name],
        meaning: "all namespaces share the names of control sockets: it can't come up here, too",
        advice: "give its config another name, or each namespace its own /run (unshare --mount)",
      })];
    }),
    ...unreadable.map(({ name, reason }) => finding("unknown", reason, { interfaces: [name] })),
  ];
  return found.length > 0 ? found : [finding("ok", "no WireGuard interface is up")];
}
