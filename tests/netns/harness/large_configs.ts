/** Configs that are larger than anybody's, and the arguments of `wg set` that say the same. */

/** How many peers, and how many allowed IPs each has. */
export interface Shape {
  readonly peers: number;
  readonly allowedIps: number;
}

/** The sizes that the Linux kernel's own test of WireGuard tries, and more peers than that. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  "1 peer with 130560 allowed IPs": { peers: 1, allowedIps: 130_560 },
  "40 peers with 52 allowed IPs": { peers: 40, allowedIps: 52 },
  "10000 peers": { peers: 10_000, allowedIps: 1 },
};

/** The public key of peer `number`, in base64. */
export function peerKey(number: number): string {
  return btoa(String(number).padStart(32, "."));
}

/** Every other peer has all settings. */
function hasAll(number: number): boolean {
  return number % 2 === 0;
}

function endpointOf(number: number): string {
  return `192.0.2.${number & 255}:${1 + (number & 0x7fff)}`;
}

function allowedIpsOf({ allowedIps }: Shape, number: number): string[] {
  return Array.from({ length: allowedIps }, (_, i) => {
    const at = number * allowedIps + i;
    return i % 2 === 0
      ? `10.${at >> 16 & 255}.${at >> 8 & 255}.${at & 255}/32`
      : `fd00:${(at >> 16).toString(16)}:${(at & 0xffff).toString(16)}::/48`;
  });
}

/** A config, whose `preshared` is the preshared key of those peers that have one. */
export function largeConfig(shape: Shape, privateKey: string, preshared: string): string {
  const lines = ["[Interface]", `PrivateKey = ${privateKey}`, "ListenPort = 51820"];
  for (let number = 0; number < shape.peers; number++) {
    lines.push("[Peer]", `PublicKey = ${peerKey(number)}`);
    if (hasAll(number)) {
      lines.push(`PresharedKey = ${preshared}`, `Endpoint = ${endpointOf(number)}`);
      lines.push("PersistentKeepalive = 25");
    }
    const ips = allowedIpsOf(shape, number);
    for (let at = 0; at < ips.length; at += 64) {
      lines.push(`AllowedIPs = ${ips.slice(at, at + 64).join(", ")}`);
    }
  }
  return lines.join("\n") + "\n";
}

/** The arguments of `wg set` for all peers, without preshared keys; one per line. */
export function largeArguments(shape: Shape): string {
  const words: string[] = [];
  for (let number = 0; number < shape.peers; number++) {
    words.push("peer", peerKey(number));
    if (hasAll(number)) words.push("endpoint", endpointOf(number), "persistent-keepalive", "25");
    words.push("allowed-ips", allowedIpsOf(shape, number).join(","));
  }
  return words.join("\n") + "\n";
}
