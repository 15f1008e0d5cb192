/** Which offloads an engine may use; what it does use depends on the kernel, too. */
export interface OffloadOption {
  /** Super-packets at the interface: the kernel leaves it to us to cut them, and takes merged ones. */
  readonly tun: boolean;
  /** Datagrams that the kernel cuts (UDP_SEGMENT). */
  readonly udpGso: boolean;
  /** Datagrams that the kernel joins (UDP_GRO). */
  readonly udpGro: boolean;
}

const WORDS: readonly string[] = ["tun", "udp-gso", "udp-gro"];

/**
 * Parses the value of `--offload`: "auto" (all), "off", or a list of "tun", "udp-gso" and "udp-gro".
 * Null when it is none of those.
 */
export function parseOffload(text: string): OffloadOption | null {
  if (text === "auto") return { tun: true, udpGso: true, udpGro: true };
  if (text === "off") return { tun: false, udpGso: false, udpGro: false };
  const words = text.split(",");
  if (!words.every((word) => WORDS.includes(word))) return null;
  return {
    tun: words.includes("tun"),
    udpGso: words.includes("udp-gso"),
    udpGro: words.includes("udp-gro"),
  };
}
