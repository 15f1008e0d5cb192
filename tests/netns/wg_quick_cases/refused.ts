/** What can't be brought up. */
import { cases, config, KEY } from "./config.ts";

const lines = ["Address = 10.88.0.1/24, fd88::1/64", "PostUp = echo never >>$SEEN"];
const allowedIps = "10.9.0.0/16";
const usual = config({ lines, allowedIps });

/**
 * wireguard-go takes any port while it is down, and soon after its start it may be told that it is, even when it
 * has gone up before. So it gets a port that is taken until it has tried that.
 */
const WG_THAT_IS_REFUSED = `
cat >/run/bin/wg <<'WG'
#!/bin/bash
[[ $1 == setconf ]] || exec /usr/bin/wg "$@"
config=$(cat "$3")
while /usr/bin/wg setconf "$2" <(echo "$config"); do
  ip link set "$2" down
  ip link set "$2" up
  sleep 0.05
done
exit 1
WG
chmod 755 /run/bin/wg`;

export const REFUSED = cases({
  "no config": { lines, argument: "wg9", file: "/etc/wireguard/wg0.conf" },
  "a name that is too long": { config: usual, argument: "wg01234567890123" },
  "a path without .conf": {
    config: usual,
    argument: "/etc/wireguard/wg0",
    file: "/etc/wireguard/wg0",
  },
  "an unknown key": { lines: [...lines, "Adress = 10.0.0.1"], allowedIps },
  "an unknown section": { lines, more: ["[Pear]"] },
  "a key outside of a section": `MTU = 1400\n${usual}`,
  "a key of wg-quick for a peer": { lines, allowedIps, more: ["MTU = 1400"] },
  "a wrong PrivateKey": `[Interface]\nPrivateKey = ${KEY.slice(1)}\n`,
  "no PublicKey": { lines, more: ["[Peer]", "AllowedIPs = 10.0.0.0/8"] },
  "a wrong Address": { lines: [...lines, "Address = 10.88.0.300/24"], allowedIps },
  "a wrong length of an Address": { lines: [...lines, "Address = 10.88.0.1/33"], allowedIps },
  "an Address twice": { lines: [...lines, "Address = 10.88.0.1/24"], allowedIps },
  "a wrong MTU": { lines: [...lines, "MTU = big"], allowedIps },
  "an MTU too large": { lines: [...lines, "MTU = 70000"], allowedIps },
  "a wrong Table": { lines: [...lines, "Table = no_such_table"], allowedIps },
  "a wrong SaveConfig": { lines: [...lines, "SaveConfig = yes"], allowedIps },
  "a wrong allowed IP": { lines, allowedIps: "10.9.0.0/16, 10.8.0.0/33" },
  "a wrong Endpoint": { lines, allowedIps, endpoint: "10.77.0.2" },
  "a wrong ListenPort": { lines: [...lines, "ListenPort = -1"], allowedIps },
  "a wrong FwMark": { lines: [...lines, "FwMark = red"], allowedIps },
  "a byte order mark": `\ufeff${usual}`,
  "an interface that exists": {
    lines,
    allowedIps,
    prepare: "ip link add wg0 address 02:00:00:00:00:03 type bridge",
  },
  "a port that is taken": {
    lines: [...lines, "ListenPort = 5555"],
    allowedIps,
    prepare: `( exec socat -u UDP-LISTEN:5555 - ) & ( exec socat -u UDP6-LISTEN:5555,ipv6only - ) &
      until [ "$(ss -Huan sport = :5555 | wc -l)" = 2 ]; do sleep 0.05; done
      ${WG_THAT_IS_REFUSED}`,
  },
});
