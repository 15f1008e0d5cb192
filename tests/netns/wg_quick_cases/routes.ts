/** Routes: what the allowed IPs ask for, and in which table. */
import { cases, OTHER_PEER } from "./config.ts";

const lines = ["Address = 10.88.0.1/24, fd88::1/64"];
const many = [
  ...Array.from({ length: 40 }, (_, i) => `100.64.${i}.0/24`),
  ...Array.from({ length: 40 }, (_, i) => `2001:db8:${i}::/48`),
  ...Array.from({ length: 20 }, (_, i) => `172.16.${i}.0/2${i % 10}`),
].join(", ");
const second = (allowedIps: string) => [
  "[Peer]",
  `PublicKey = ${OTHER_PEER}`,
  `AllowedIPs = ${allowedIps}`,
];

export const ROUTES = cases({
  "many routes": { lines, allowedIps: many },
  "nested prefixes": { lines, allowedIps: "10.0.0.0/8, 10.1.0.0/16, 10.1.2.0/24, 10.1.2.3/32" },
  "nested prefixes of IPv6": { lines, allowedIps: "fd00::/8, fd01::/16, fd01:2::/32" },
  "what the interface's subnet holds": {
    lines,
    allowedIps: "10.88.0.0/24, 10.88.0.128/25, fd88::/72",
  },
  "more than the interface's subnet": { lines, allowedIps: "10.88.0.0/16, fd88::/32" },
  "a prefix of two peers": {
    lines,
    allowedIps: "10.9.0.0/16, 10.8.0.0/16",
    more: second("10.9.0.0/16, fd09::/64"),
  },
  "host bits": { lines, allowedIps: "10.9.8.7/16, fd09::1/48" },
  "two halves of everything": { lines, allowedIps: "0.0.0.0/1, 128.0.0.0/1, ::/1, 8000::/1" },
  "a prefix that is given twice": { lines, allowedIps: "10.9.0.0/16, 10.9.0.0/16, 10.9.1.0/16" },
  "the uplink's own network": { lines, allowedIps: "10.77.0.0/24" },
  "a part of the uplink's own network": { lines, allowedIps: "10.77.0.128/25" },
  "a route that another interface has": {
    lines,
    allowedIps: "10.9.0.0/16",
    prepare: "ip route add 10.9.0.0/16 via 10.77.0.2",
  },
  "a route that another interface has with a metric": {
    lines,
    allowedIps: "10.9.0.0/16, fd09::/64",
    prepare:
      "ip route add 10.9.0.0/16 via 10.77.0.2 metric 50; ip route add fd09::/64 via fd77::2 metric 50",
  },
  "multicast": { lines, allowedIps: "224.0.0.5/32, ff05::/16" },
  "no routes without addresses": { allowedIps: "10.9.0.0/16, fd09::/64" },
  "Table = off": { lines: [...lines, "Table = off"], allowedIps: "10.9.0.0/16, fd09::/64" },
  "Table = off for everything": { lines: [...lines, "Table = off"], allowedIps: "0.0.0.0/0, ::/0" },
  "Table = auto": { lines: [...lines, "Table = auto"], allowedIps: "10.9.0.0/16, fd09::/64" },
  "an empty Table": { lines: [...lines, "Table ="], allowedIps: "10.9.0.0/16, fd09::/64" },
  "a table's number": { lines: [...lines, "Table = 1234"], allowedIps: "10.88.0.0/25, fd09::/64" },
  "a table's number for everything": {
    lines: [...lines, "Table = 1234", "FwMark = 1234"],
    allowedIps: "0.0.0.0/0, ::/0, 10.9.0.0/16",
  },
  "a large table's number": { lines: [...lines, "Table = 4294967295"], allowedIps: "10.9.0.0/16" },
  "a table's number in hexadecimal": {
    lines: [...lines, "Table = 0x4d2"],
    allowedIps: "10.9.0.0/16",
  },
  "a table's name": {
    lines: [...lines, "Table = quick_test"],
    allowedIps: "10.9.0.0/16, fd09::/64",
  },
  "Table = main": { lines: [...lines, "Table = main"], allowedIps: "10.88.0.0/24, 10.9.0.0/16" },
});
