/** Addresses, keys and peers. */
import { cases, KEY, OTHER_PEER, PEER } from "./config.ts";

export const ADDRESSES = cases({
  "a key and nothing else": `[Interface]\nPrivateKey = ${KEY}\n`,
  "no key": "[Interface]\nAddress = 10.88.0.1/24\n",
  "an empty section": "[Interface]\n",
  "an IPv4 subnet": { lines: ["Address = 10.88.0.1/24"], allowedIps: "10.88.0.2/32" },
  "an IPv4 host": { lines: ["Address = 10.88.0.1/32"], allowedIps: "10.88.0.2/32" },
  "an IPv6 subnet": { lines: ["Address = fd88::1/64"], allowedIps: "fd88::2/128" },
  "an IPv6 host": { lines: ["Address = fd88::1/128"], allowedIps: "fd88::2/128" },
  "both families in a line": {
    lines: ["Address = 10.88.0.1/24, fd88::1/64"],
    allowedIps: "10.88.0.0/24, fd88::/64, 10.99.0.0/16, fd99::/48",
  },
  "many lines of addresses": {
    lines: [
      "Address = 10.88.0.1/24",
      "Address = fd88::1/64,fd88:1::1/64",
      "Address = 10.88.1.1/32",
    ],
    allowedIps: "10.0.0.0/8, fd00::/8",
  },
  "addresses without a length": {
    lines: ["Address = 10.88.0.1 fd88::1"],
    allowedIps: "10.88.0.2, fd88::2",
  },
  "two addresses of one subnet": {
    lines: ["Address = 10.88.0.1/24, 10.88.0.2/24, fd88::1/64, fd88::2/64"],
    allowedIps: "10.88.0.3/32",
  },
  "a /31 and a /127": {
    lines: ["Address = 10.88.0.0/31, fd88::/127"],
    allowedIps: "10.88.0.1/32, fd88::1/128",
  },
  "an IPv6 address in long spelling": {
    lines: ["Address = FD88:0:0:0::0001/064"],
    allowedIps: "FD88:0000::/32",
  },
  "a port and a mark": {
    lines: ["Address = 10.88.0.1/24", "ListenPort = 51820", "FwMark = 0x1234"],
    allowedIps: "10.99.0.0/16",
  },
  "all that a peer may have": {
    lines: ["Address = 10.88.0.1/24"],
    allowedIps: "10.99.0.0/16",
    more: [`PresharedKey = ${KEY}`, "PersistentKeepalive = 25"],
  },
  "two peers": {
    lines: ["Address = 10.88.0.1/24"],
    allowedIps: "10.99.0.0/16, fd99::/64",
    more: ["[Peer]", `PublicKey = ${OTHER_PEER}`, "AllowedIPs = 10.98.0.0/16, 10.97.0.0/16"],
  },
  "a peer without allowed IPs": {
    lines: ["Address = 10.88.0.1/24"],
    more: ["[Peer]", `PublicKey = ${PEER}`],
  },
  "an endpoint of IPv6": {
    lines: ["Address = 10.88.0.1/24"],
    endpoint: "[fd77::2]:51820",
    allowedIps: "10.99.0.0/16",
  },
  "an endpoint by name": {
    lines: ["Address = 10.88.0.1/24"],
    endpoint: "gate.test:51820",
    allowedIps: "10.99.0.0/16",
    prepare: "echo 10.77.0.2 gate.test >>/etc/hosts",
  },
  "an endpoint with a zone": {
    lines: ["Address = 10.88.0.1/24"],
    endpoint: "[fe80::2%eth0]:51820",
    allowedIps: "10.99.0.0/16",
  },
});
