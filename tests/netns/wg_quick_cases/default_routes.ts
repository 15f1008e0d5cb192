/** Tunnels for everything. */
import { cases, OTHER_PEER } from "./config.ts";

const lines = ["Address = 10.88.0.1/24, fd88::1/64"];
const both = "0.0.0.0/0, ::/0";

export const DEFAULT_ROUTES = cases({
  "everything of IPv4": { lines: ["Address = 10.88.0.1/24"], allowedIps: "0.0.0.0/0" },
  "everything of IPv6": { lines: ["Address = fd88::1/64"], allowedIps: "::/0" },
  "everything": { lines, allowedIps: both },
  "everything of IPv4, with addresses of both": { lines, allowedIps: "0.0.0.0/0" },
  "everything of IPv6, with addresses of both": { lines, allowedIps: "::/0" },
  "everything, without addresses": { allowedIps: both },
  "everything, with hosts": { lines: ["Address = 10.88.0.1/32, fd88::1/128"], allowedIps: both },
  "everything, and more specific routes": {
    lines,
    allowedIps: `10.9.0.0/16, ${both}, fd09::/64, 10.88.0.0/24`,
  },
  "everything, by two peers": {
    lines,
    allowedIps: "0.0.0.0/0",
    more: ["[Peer]", `PublicKey = ${OTHER_PEER}`, "AllowedIPs = ::/0, 10.9.0.0/16"],
  },
  "everything, with a mark": { lines: [...lines, "FwMark = 7777"], allowedIps: both },
  "everything, with a mark in hexadecimal": {
    lines: [...lines, "FwMark = 0xca6d"],
    allowedIps: both,
  },
  "everything, with the mark off": { lines: [...lines, "FwMark = off"], allowedIps: both },
  "everything, and three addresses of each": {
    lines: [...lines, "Address = 10.88.1.1/24, 10.88.2.1/32, fd88:1::1/64, fd88:2::1/128"],
    allowedIps: both,
  },
  "everything, where the first tables are used": {
    lines,
    allowedIps: both,
    prepare:
      "ip route add 10.9.0.0/16 via 10.77.0.2 table 51820; ip route add fd09::/16 via fd77::2 table 51821",
  },
  "everything, where src_valid_mark is set": {
    lines,
    allowedIps: both,
    prepare: "echo 1 >/proc/sys/net/ipv4/conf/all/src_valid_mark",
  },
  "everything, where reverse paths are filtered": {
    lines,
    allowedIps: both,
    prepare: "echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter",
  },
  "everything, where there are rules": {
    lines,
    allowedIps: both,
    prepare:
      "ip rule add from 10.77.0.1 table 99 priority 100; ip -6 rule add fwmark 1 table 98 priority 40000",
  },
  "everything, where there is a firewall": {
    lines,
    allowedIps: both,
    prepare:
      "nft 'add table inet mine; add chain inet mine c { type filter hook input priority 0; }'",
  },
  "everything, where IPv6 is off": {
    lines,
    allowedIps: both,
    prepare:
      "for interface in all default; do echo 1 >/proc/sys/net/ipv6/conf/$interface/disable_ipv6; done",
  },
  "everything, by Table = auto": { lines: [...lines, "Table = auto"], allowedIps: both },
});
