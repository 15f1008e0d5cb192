import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView } from "../host_view.ts";

const finding = findingsOf("dns");

/** Whether DNS of a config can be applied. */
export function checkDns({ dns, tunnels }: Pick<HostView, "dns" | "tunnels">): DoctorFinding[] {
  if ("hidden" in dns) return [finding("unknown", dns.hidden)];
  const { manager, isUsable, detail } = dns.value;
  const seen = manager === "" ? detail : `${manager}: ${detail}`;
  if (isUsable) return [finding("ok", seen)];
  const interfaces = tunnels.filter(({ config }) => (config?.nameservers ?? 0) > 0)
    .map(({ name }) => name);
  return [finding("warning", seen, {
    interfaces,
    meaning: interfaces.length === 0
      ? "a config with DNS would come up with the system's name servers"
      : `${interfaces.join(", ")}: comes up with the system's name servers instead of its own`,
    advice: manager === "systemd-resolved"
      ? "systemctl start systemd-resolved"
      : "make /etc/resolv.conf writable for root; in a container: docker run --dns ADDRESS",
  })];
}
