/** What wgts must reach, as ratios to other implementations measured in the same way. */
import type { Summaries } from "./results.ts";

/** A bar, and how wgts does. */
export interface Bar {
  readonly title: string;
  /** Such as "≥ 6", in the unit of `value`. */
  readonly required: string;
  /** Null when there is no goal beyond that. */
  readonly goal: string | null;
  /** Null when it could not be measured. */
  readonly value: number | null;
  /** The id of what it was compared with; "best" when no peer was measured. */
  readonly against: string | null;
  readonly met: boolean | null;
  readonly goalMet: boolean | null;
}

/** The peers that wgts is compared with as "the best". */
const BEST_OF = ["wireguard-go", "boringtun", "gotatun"];
const DEBIAN = "wireguard-go-debian";
const CURRENT = "wireguard-go";
const WGTS = "wgts";

interface Limit {
  readonly title: string;
  readonly metric: string;
  /** Whose figure is judged; {@linkcode WGTS} unless told. */
  readonly of?: string;
  /** What it is compared with; "best" is the best of the userspace peers, null nothing. */
  readonly against: string | null;
  /** How it is compared. */
  readonly by: "ratio" | "difference" | "value";
  readonly least?: number;
  readonly most?: number;
  /** Beyond what is required, in the same direction. */
  readonly goal?: number;
  readonly unit?: string;
}

const TCP = "tcp_v4_1_forward";

const LIMITS: readonly Limit[] = [
  { title: "TCP ×1", metric: TCP, against: DEBIAN, by: "ratio", least: 6 },
  { title: "TCP ×1", metric: TCP, against: "best", by: "ratio", least: 1, goal: 1.5 },
  { title: "TCP ×1", metric: TCP, against: "wgts-null-aead", by: "ratio", least: 0.4 },
  {
    title: "CPU per GB",
    metric: "cpu_engines",
    against: "best",
    by: "ratio",
    most: 1.1,
    goal: 0.7,
  },
  { title: "UDP 64 B", metric: "udp_64", against: DEBIAN, by: "ratio", least: 2 },
  { title: "UDP 64 B", metric: "udp_64", against: "best", by: "ratio", least: 1 },
  { title: "ping p50", metric: "ping_p50", against: DEBIAN, by: "ratio", most: 0.6 },
  { title: "ping p50", metric: "ping_p50", against: "best", by: "ratio", most: 1 },
  { title: "ping p99", metric: "ping_p99", against: DEBIAN, by: "ratio", most: 1 },
  {
    title: "CPU per handshake, WASM",
    metric: "handshake_cpu",
    of: "wgts-wasm",
    against: CURRENT,
    by: "ratio",
    most: 2.5,
  },
  {
    title: "CPU per handshake, libcrypto",
    metric: "handshake_cpu",
    of: "wgts-libcrypto",
    against: CURRENT,
    by: "ratio",
    most: 1.2,
  },
  {
    title: "RSS above an empty program",
    metric: "rss_idle",
    against: "empty",
    by: "difference",
    most: 15,
    unit: " MB",
  },
  {
    title: "RssAnon idle",
    metric: "rss_anon_idle",
    against: null,
    by: "value",
    most: 55,
    unit: " MB",
  },
  {
    title: "RssAnon after load",
    metric: "rss_anon_load",
    against: null,
    by: "value",
    most: 55,
    unit: " MB",
  },
  {
    title: "1000 peers more",
    metric: "rss_1000_peers",
    against: null,
    by: "value",
    most: 10,
    unit: " MB",
  },
];

/** Compares the medians of wgts with those of the others. */
export function judge(summaries: Summaries): Bar[] {
  const median = (id: string, metric: string) => summaries[id]?.[metric]?.median ?? null;
  return LIMITS.map((limit) => {
    const { title, metric, unit = "" } = limit;
    const own = median(limit.of ?? WGTS, metric);
    const rival = limit.against === "best" ? best(summaries, metric, limit) : limit.against;
    const other = rival === null ? null : median(rival, metric);
    const value = compare(limit, own, other);
    const sign = limit.least === undefined ? "≤" : "≥";
    const within = (bound: number) => {
      if (value === null) return null;
      return limit.least === undefined ? value <= bound : value >= bound;
    };
    const bound = limit.least ?? limit.most ?? NaN;
    return {
      title,
      required: `${sign} ${bound}${unit}`,
      goal: limit.goal === undefined ? null : `${sign} ${limit.goal}${unit}`,
      value,
      against: rival ?? limit.against,
      met: within(bound),
      goalMet: limit.goal === undefined ? null : within(limit.goal),
    };
  });
}

function compare({ by, against }: Limit, own: number | null, other: number | null): number | null {
  if (own === null) return null;
  if (against === null) return own;
  if (other === null) return null;
  return by === "difference" ? own - other : own / other;
}

/** The userspace peer with the best median; null when none was measured. */
function best(summaries: Summaries, metric: string, { least }: Limit): string | null {
  const known = BEST_OF.flatMap((id) => {
    const median = summaries[id]?.[metric]?.median;
    return median === undefined ? [] : [{ id, median }];
  });
  known.sort((a, b) => least === undefined ? a.median - b.median : b.median - a.median);
  return known[0]?.id ?? null;
}
