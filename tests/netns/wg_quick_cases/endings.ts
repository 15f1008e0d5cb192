/** What happens to a tunnel between `up` and `down`. */
import { cases } from "./config.ts";

const lines = ["Address = 10.88.0.1/24, fd88::1/64", "PostDown = echo down >>$SEEN"];

export const ENDINGS = cases({
  "a port, a mark and a peer that others change": {
    lines,
    allowedIps: "10.9.0.0/16",
    between: `wg set wg0 listen-port 4444 fwmark 9
      wg set wg0 peer $(wg show wg0 peers) remove`,
  },
  "an interface that others set down": {
    lines,
    allowedIps: "0.0.0.0/0, ::/0",
    between: "ip link set wg0 down",
  },
  "rules that others removed": {
    lines,
    allowedIps: "0.0.0.0/0, ::/0",
    between: `ip rule delete not fwmark 51820 table 51820
      nft delete table ip6 wg-quick-wg0`,
  },
  "routes and addresses that others added": {
    lines,
    allowedIps: "10.9.0.0/16",
    between: "ip address add 10.66.0.1/24 dev wg0; ip route add 10.55.0.0/16 dev wg0",
  },
  "an interface that others deleted": {
    lines,
    allowedIps: "0.0.0.0/0, ::/0",
    between: `ip link delete wg0
      until [[ ! -e /run/wireguard/wg0.sock ]]; do sleep 0.01; done`,
  },
});
