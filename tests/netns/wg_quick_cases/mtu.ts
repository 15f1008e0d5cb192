/** The MTU: given, or found from the routes to the endpoints. */
import { cases, ENDPOINT, OTHER_PEER } from "./config.ts";

const lines = ["Address = 10.88.0.1/24, fd88::1/64"];
const allowedIps = "10.99.0.0/16, fd99::/48";

export const MTUS = cases({
  "an MTU": { lines: [...lines, "MTU = 1300"], allowedIps },
  "an MTU of IPv6's least": { lines: [...lines, "MTU = 1280"], allowedIps },
  "a large MTU": { lines: [...lines, "MTU = 9000"], allowedIps },
  "an MTU too small for IPv6, without IPv6": {
    lines: ["Address = 10.88.0.1/24", "MTU = 1200"],
    allowedIps: "10.99.0.0/16",
  },
  "an MTU too small for IPv6": { lines: [...lines, "MTU = 1200"], allowedIps },
  "the MTU of the endpoint's interface": {
    lines,
    allowedIps,
    prepare: "ip link set eth0 mtu 1400; ip link set far0 mtu 1400",
  },
  "the MTU of the endpoint's route": {
    lines,
    allowedIps,
    endpoint: "198.51.100.1:51820",
    prepare: "ip route add 198.51.100.0/24 via 10.77.0.2 mtu 1380",
  },
  "the MTU of an IPv6 endpoint's route": {
    lines,
    allowedIps,
    endpoint: "[2001:db8::1]:51820",
    prepare: "ip route add 2001:db8::/32 via fd77::2 mtu 1390",
  },
  "the MTU of the default route": {
    lines,
    allowedIps,
    endpoint: null,
    prepare: "ip route change default via 10.77.0.2 mtu 1370",
  },
  "the MTU without any route": {
    lines,
    allowedIps,
    endpoint: null,
    prepare: "ip route delete default",
  },
  "the MTU of an endpoint that has no route": {
    lines,
    allowedIps,
    endpoint: "198.51.100.1:51820",
    prepare: "ip route delete default",
  },
  "the MTU of the loopback": { lines, allowedIps, endpoint: "127.0.0.1:51820" },
  "the MTU of two endpoints": {
    lines,
    allowedIps,
    more: ["[Peer]", `PublicKey = ${OTHER_PEER}`, "Endpoint = 198.51.100.1:51820"],
    prepare: "ip route add 198.51.100.0/24 via 10.77.0.2 mtu 1380",
  },
  "the MTU of two endpoints of both families": {
    lines,
    allowedIps,
    more: ["[Peer]", `PublicKey = ${OTHER_PEER}`, "Endpoint = [2001:db8::1]:51820"],
    prepare: "ip route add 2001:db8::/32 via fd77::2 mtu 1380",
  },
  "the MTU of two endpoints behind routes of one MTU": {
    lines,
    allowedIps,
    endpoint: "198.51.100.1:51820",
    more: ["[Peer]", `PublicKey = ${OTHER_PEER}`, "Endpoint = [2001:db8::1]:51820"],
    prepare: `ip route add 198.51.100.0/24 via 10.77.0.2 mtu 1380
      ip route add 2001:db8::/32 via fd77::2 mtu 1380`,
  },
  "the locked MTU of a route": {
    lines,
    allowedIps,
    endpoint: "198.51.100.1:51820",
    prepare: "ip route add 198.51.100.0/24 via 10.77.0.2 mtu lock 1380",
  },
  "the MTU of the better one of two default routes": {
    lines,
    allowedIps,
    endpoint: null,
    prepare: `ip route delete default
      ip route add default via 10.77.0.2 metric 200 mtu 1400
      ip route add default via 10.77.0.2 metric 100 mtu 1410`,
  },
  "the MTU of a default route of two next hops": {
    lines,
    allowedIps,
    endpoint: null,
    prepare: `ip link set eth0 mtu 1400
      ip route delete default
      ip route add default nexthop via 10.77.0.2 nexthop via 10.77.0.3`,
  },
  "the MTU of an IPv6 endpoint's interface, of a host with an IPv4 default route": {
    lines,
    allowedIps,
    endpoint: "[fd77::2]:51820",
    prepare: "ip link set eth0 mtu 1450; ip route change default via 10.77.0.2 mtu 1350",
  },
  "the MTU of an endpoint that a route refuses": {
    lines,
    allowedIps,
    endpoint: "198.51.100.1:51820",
    prepare: `ip route add unreachable 198.51.100.0/24
      ip route change default via 10.77.0.2 mtu 1360`,
  },
  "an empty MTU": { lines: [...lines, "MTU ="], allowedIps, endpoint: ENDPOINT },
});
