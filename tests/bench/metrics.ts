/** What is measured: the names, units and meanings of all figures. */

/** One figure of a run. */
export interface Metric {
  readonly id: string;
  /** The group that is chosen by `--measure`. */
  readonly group: MeasureGroup;
  readonly title: string;
  readonly unit: string;
  /** Whether more of it is better. */
  readonly better: "more" | "less";
}

/** What `--measure` chooses from, in the order of measuring. */
export const MEASURE_GROUPS = [
  "start",
  "memory",
  "ping",
  "tcp",
  "udp",
  "idle",
  "handshake",
] as const;

/** One of {@linkcode MEASURE_GROUPS}. */
export type MeasureGroup = typeof MEASURE_GROUPS[number];

/** One TCP transfer. */
export interface TcpCase {
  readonly id: string;
  readonly family: 4 | 6;
  readonly streams: 1 | 4;
  /** From the side that called, or to it. */
  readonly direction: "forward" | "reverse";
}

/** All TCP transfers; the first is the one whose CPU time is told. */
export const TCP_CASES: readonly TcpCase[] = ([4, 6] as const).flatMap((family) =>
  ([1, 4] as const).flatMap((streams) =>
    (["forward", "reverse"] as const).map((direction) => ({
      id: `tcp_v${family}_${streams}_${direction}`,
      family,
      streams,
      direction,
    }))
  )
);

/** Bytes of payload of the UDP datagrams that are sent. */
export const UDP_SIZES = [64, 1200] as const;

const tcpTitle = ({ family, streams, direction }: TcpCase) =>
  `TCP ×${streams} IPv${family} ${direction === "forward" ? "→" : "←"}`;

const metric = (
  group: MeasureGroup,
  id: string,
  title: string,
  unit: string,
  better: "more" | "less",
): Metric => ({ group, id, title, unit, better });

/**
 * All figures, in the order of the table.
 *
 * CPU seconds are those of the engines' processes (user and system) during the first TCP transfer, per
 * gigabyte (10^9 bytes) that arrived; `cpu_system` is what the whole machine spent, iperf3 included.
 *
 * Transfers and pings come after a transfer of one second that isn't measured, but for `ping_first`: those
 * are the first answers after the start.
 */
export const METRICS: readonly Metric[] = [
  ...TCP_CASES.map((tcp) => metric("tcp", tcp.id, tcpTitle(tcp), "Gbit/s", "more")),
  metric("tcp", "cpu_sender", "CPU, sending engine", "s/GB", "less"),
  metric("tcp", "cpu_receiver", "CPU, receiving engine", "s/GB", "less"),
  metric("tcp", "cpu_engines", "CPU, both engines", "s/GB", "less"),
  metric("tcp", "cpu_system", "CPU, whole machine", "s/GB", "less"),
  metric("udp", "udp_64", "UDP 64 B", "kpps", "more"),
  metric("udp", "udp_1200", "UDP 1200 B", "Gbit/s", "more"),
  metric("ping", "ping_p50", "ping p50", "µs", "less"),
  metric("ping", "ping_p99", "ping p99", "µs", "less"),
  metric("ping", "ping_first_p50", "ping p50 at first", "µs", "less"),
  metric("ping", "ping_first_p99", "ping p99 at first", "µs", "less"),
  metric("ping", "ping_load_p50", "ping p50 under TCP", "µs", "less"),
  metric("ping", "ping_load_p99", "ping p99 under TCP", "µs", "less"),
  metric("memory", "rss_idle", "RSS idle", "MB", "less"),
  metric("memory", "rss_anon_idle", "RssAnon idle", "MB", "less"),
  metric("memory", "rss_load", "RSS after load", "MB", "less"),
  metric("memory", "rss_anon_load", "RssAnon after load", "MB", "less"),
  metric("handshake", "rss_1000_peers", "1000 peers more", "MB", "less"),
  metric("idle", "wakeups", "wake-ups when idle", "1/s", "less"),
  metric("handshake", "handshake_cpu", "responder handshake", "µs CPU", "less"),
  metric("start", "first_ping", "time to first ping", "ms", "less"),
];

/** The figure with this name; throws when there is none. */
export function metricById(id: string): Metric {
  const found = METRICS.find((metric) => metric.id === id);
  if (found === undefined) throw new Error(`There is no metric ${id}`);
  return found;
}
