import type { IpFamily } from "../../ip.ts";
import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView } from "../host_view.ts";

const finding = findingsOf("firewall");

/** Whether the rules that go with a default route can be made. */
export function checkFirewall(
  { nfTables, iptables, ipv6 }: Pick<HostView, "nfTables" | "iptables" | "ipv6">,
): DoctorFinding[] {
  if ("hidden" in nfTables) return [finding("unknown", nfTables.hidden)];
  const families: readonly IpFamily[] = ipv6 === "absent" ? [4] : [4, 6];
  return families.map((family) => {
    const error = nfTables.value[family];
    const program = family === 4 ? "iptables-restore" : "ip6tables-restore";
    if (error === null) return finding("ok", `nf_tables takes the IPv${family} rules`);
    if (iptables[family]) return finding("ok", `${error}; ${program} is there instead`);
    return finding("warning", error, {
      meaning:
        `there is no ${program} either: a tunnel with a default route comes up without the ` +
        "rules that keep neighbours from its addresses (CVE-2019-14899)",
      advice: "modprobe nf_tables nft_fib nft_ct; or install iptables",
    });
  });
}
