/** Judges all that was seen of a host. */

import { checkBuffers } from "./checks/buffers.ts";
import { checkCapabilities } from "./checks/capabilities.ts";
import { checkClock } from "./checks/clock.ts";
import { checkConfigs } from "./checks/configs.ts";
import { checkCrypto } from "./checks/crypto.ts";
import { checkDns } from "./checks/dns.ts";
import { checkEngines } from "./checks/engines.ts";
import { checkFirewall } from "./checks/firewall.ts";
import { checkIpv6 } from "./checks/ipv6.ts";
import { checkJournals } from "./checks/journals.ts";
import { checkMtu } from "./checks/mtu.ts";
import { checkOffloads } from "./checks/offloads.ts";
import { checkPorts } from "./checks/ports.ts";
import { checkRoutes } from "./checks/routes.ts";
import { checkRpFilter } from "./checks/rp_filter.ts";
import { checkTun } from "./checks/tun.ts";
import { checkTunnels } from "./checks/tunnels.ts";
import { checkVpns } from "./checks/vpns.ts";
import { DOCTOR_CHECKS, type DoctorCheck, type DoctorFinding } from "./finding.ts";
import type { HostView } from "./host_view.ts";

const CHECKS: Readonly<Record<DoctorCheck, (view: HostView) => DoctorFinding[]>> = {
  "tun": checkTun,
  "capabilities": checkCapabilities,
  "ipv6": checkIpv6,
  "firewall": checkFirewall,
  "clock": checkClock,
  "dns": checkDns,
  "buffers": checkBuffers,
  "offloads": checkOffloads,
  "crypto": checkCrypto,
  "configs": checkConfigs,
  "engines": checkEngines,
  "journals": checkJournals,
  "tunnels": checkTunnels,
  "vpns": checkVpns,
  "ports": checkPorts,
  "mtu": checkMtu,
  "routes": checkRoutes,
  "rp-filter": checkRpFilter,
};

/**
 * The findings of all checks, in their order.
 *
 * @param name of the only WireGuard interface to tell of, besides the host; null for all
 */
export function examine(view: HostView, name: string | null): DoctorFinding[] {
  const names = Object.keys(DOCTOR_CHECKS) as DoctorCheck[];
  return names.flatMap((check) => CHECKS[check](view)).filter(({ interfaces }) =>
    name === null || interfaces.length === 0 || interfaces.includes(name)
  );
}
