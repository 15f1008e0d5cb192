/**
 * What a kernel and an engine can do for each other:
 * - tun-tso, tun-uso: the engine cuts TCP and UDP super-packets that come from the interface
 * - tun-gro-tcp, tun-gro-udp: it hands merged ones to the interface
 * - udp-gso-ipv4, udp-gso-ipv6: the kernel cuts what goes to the network into datagrams
 * - udp-gro: the kernel joins datagrams that come from the network
 */
export type OffloadName =
  | "tun-tso"
  | "tun-uso"
  | "tun-gro-tcp"
  | "tun-gro-udp"
  | "udp-gso-ipv4"
  | "udp-gso-ipv6"
  | "udp-gro";

/** Whether an offload is in use, and why not. */
export interface OffloadState {
  readonly name: OffloadName;
  readonly on: boolean;
  /** In words, such as "by option" or "the kernel lacks it"; "" when it is on. */
  readonly reason: string;
}

/** An engine's offloads at the moment, for `status`. */
export interface OffloadReport {
  readonly offloads: readonly OffloadState[];
}
