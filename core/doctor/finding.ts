/** What `wgts doctor` tells of a host. */

/**
 * A problem keeps a tunnel from coming up or from working; a warning is a limit, or will be a problem
 * in some circumstances; unknown is what couldn't be seen, as without root.
 */
export type DoctorStatus = "ok" | "unknown" | "warning" | "problem";

/** All checks, in the order in which they are told, with what each is about. Names are stable. */
export const DOCTOR_CHECKS = {
  "tun": "/dev/net/tun, which interfaces are made with",
  "capabilities": "what this process may do",
  "ipv6": "whether IPv6 is switched on",
  "firewall": "nf_tables, or else iptables, for the rules that go with a default route",
  "clock": "whether the clock is set: handshakes carry the time",
  "dns": "who manages /etc/resolv.conf, and whether DNS = can be applied",
  "buffers": "how large the buffers of UDP sockets may get",
  "offloads": "what the kernel can do for many packets at once",
  "crypto": "which cryptography is used, and whether it is a fast one",
  "configs": "whether configs can be read, and by whom",
  "engines": "interfaces whose process died, and why",
  "journals": "what an `up' or `down' left behind that was cut off",
  "tunnels": "the WireGuard interfaces that are there",
  "vpns": "tunnels of other kinds",
  "ports": "whether ports to listen on are free and allowed",
  "mtu": "whether a tunnel's MTU fits the way to its endpoints",
  "routes": "whether tunnels, and the networks at hand, want the same addresses",
  "rp-filter": "whether strict reverse-path filtering drops a tunnel's own datagrams",
} as const satisfies Readonly<Record<string, string>>;

/** The name of a check. */
export type DoctorCheck = keyof typeof DOCTOR_CHECKS;

/** One thing that was looked at. */
export interface DoctorFinding {
  readonly check: DoctorCheck;
  readonly status: DoctorStatus;
  /** The WireGuard interfaces it is about; none when it is about the host. */
  readonly interfaces: readonly string[];
  /** What was seen, in one line. */
  readonly seen: string;
  /** What that means; "" when the status says it all. */
  readonly meaning: string;
  /** What to do, with a command where there is one; "" when there is nothing to do. */
  readonly advice: string;
}

/** What {@linkcode DoctorFinding} has besides its check and status. */
export interface FindingText {
  readonly interfaces?: readonly string[];
  readonly meaning?: string;
  readonly advice?: string;
}

/** Makes the findings of one check. */
export function findingsOf(check: DoctorCheck): (
  status: DoctorStatus,
  seen: string,
  text?: FindingText,
) => DoctorFinding {
  return (status, seen, { interfaces = [], meaning = "", advice = "" } = {}) => {
    return { check, status, interfaces, seen, meaning, advice };
  };
}
