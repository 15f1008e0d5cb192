/** The config's own commands, and SaveConfig. */
import { cases, OTHER_PEER } from "./config.ts";

const address = "Address = 10.88.0.1/24";
const allowedIps = "10.9.0.0/16";
const see = (moment: string, what: string) => `${moment} = echo ${moment} ${what} >>$SEEN`;
const all = (what: string) =>
  ["PreUp", "PostUp", "PreDown", "PostDown"].map((moment) => see(moment, what));

export const HOOKS = cases({
  "all hooks": { lines: [address, ...all("%i %i%%i")], allowedIps },
  "hooks in order": {
    lines: [
      see("PostUp", "b"),
      address,
      see("PostUp", "a"),
      see("PreUp", "c"),
      see("PreDown", "d"),
    ],
    allowedIps,
  },
  "hooks see the variables of wg-quick": {
    lines: [address, ...all("$INTERFACE $CONFIG_FILE ${-/c} $BASHOPTS $SHELLOPTS")],
    allowedIps,
  },
  "hooks in bash": {
    lines: [
      address,
      "PostUp = [[ %i == wg* ]] && declare -a list=(1 2) && echo ${list[@]} ${list/%1/x} >>$SEEN",
      "PostUp = case %i in +(w|g)0) echo extglob >>$SEEN;; esac",
      "PostUp = echo one; cat <(echo process) >>$SEEN; printf '%s\\n' \"two  spaces\" >>$SEEN",
    ],
    allowedIps,
  },
  "hooks that print": {
    lines: [address, "PostUp = echo to stdout", "PreDown = echo to stdout"],
    allowedIps,
  },
  "hooks don't share variables": {
    lines: [address, "PostUp = x=1; cd /etc", see("PostUp", "$x $PWD")],
    allowedIps,
  },
  "hooks see the tunnel": {
    lines: [
      address,
      ...["PostUp", "PreDown"].map((moment) =>
        `${moment} = ip -o address show %i | sed 's/^[0-9]*//; s/fe80.*//' >>$SEEN; ip route show dev %i >>$SEEN; wg show %i allowed-ips >>$SEEN`
      ),
      "PostDown = ip link show %i >>$SEEN 2>&1 || true",
    ],
    allowedIps,
  },
  "an empty hook": { lines: [address, "PostUp =", "PreDown = "], allowedIps },
  "hooks with a comment": { lines: [address, see("PostUp", '"a # b"')], allowedIps },
  "hooks with a comment behind": { lines: [address, `${see("PostUp", "a")} # why`], allowedIps },
  "a PreUp that fails": { lines: [address, "PreUp = exit 3", see("PostUp", "never")], allowedIps },
  "a PostUp that fails": { lines: [address, "PostUp = exit 4", ...all("never")], allowedIps },
  "a PostUp that fails in the middle": {
    lines: [address, "PostUp = false; echo never >>$SEEN"],
    allowedIps,
  },
  "a PostUp whose pipe fails": { lines: [address, "PostUp = exit 5 | cat"], allowedIps },
  "a PostUp that isn't there": { lines: [address, "PostUp = no-such-command"], allowedIps },
  "a PostUp that can't be parsed": { lines: [address, "PostUp = ( echo"], allowedIps },
  "a PostUp that fails, with default routes": {
    lines: [address, "PostUp = exit 6"],
    allowedIps: "0.0.0.0/0, ::/0",
  },
  "a PreDown that fails": {
    lines: [address, "PreDown = exit 7", see("PostDown", "never")],
    allowedIps,
  },
  "a PostDown that fails": {
    lines: [address, "PostDown = exit 8", see("PostDown", "never")],
    allowedIps,
  },
  "a hook that changes the tunnel": {
    lines: [address, "PostUp = ip route add 10.7.0.0/16 dev %i; ip link set mtu 1300 dev %i"],
    allowedIps,
  },
  "a PreUp that makes a route": {
    lines: [address, "PreUp = ip route add 198.51.100.0/24 via 10.77.0.2 mtu 1300"],
    endpoint: "198.51.100.1:51820",
    allowedIps,
    between: "ip route delete 198.51.100.0/24",
  },
  "SaveConfig": { lines: [address, "SaveConfig = true"], allowedIps },
  "SaveConfig = false": { lines: [address, "SaveConfig = FALSE"], allowedIps },
  "SaveConfig of what was changed": {
    lines: [address, "MTU = 1400", "Table = 1234", "SaveConfig = true", ...all("%i")],
    allowedIps,
    between: `ip address add 10.88.5.1/24 dev wg0; ip address delete 10.88.0.1/24 dev wg0
      ip link set mtu 1350 dev wg0
      /usr/bin/wg set wg0 listen-port 4444 fwmark 9 peer ${OTHER_PEER} allowed-ips 10.3.0.0/16`,
  },
});
