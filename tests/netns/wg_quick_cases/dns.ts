/** The system's resolver, of which resolvconf takes care: both call the same one. */
import { cases } from "./config.ts";

const lines = ["Address = 10.88.0.1/24"];
const allowedIps = "10.9.0.0/16";

/** A program that takes what it is told to $SEEN and to /etc/resolv.conf. */
const prepare = `cat >/run/bin/resolvconf <<'SCRIPT'
#!/bin/sh
echo "resolvconf $*" >>$SEEN
case $1 in
  -a) cat >/run/dns.$2; cat /run/dns.$2 >>$SEEN ;;
  -d) rm -f /run/dns.$2 ;;
  -l) cat /run/dns.$2; exit ;;
esac
cat /run/dns.* >/etc/resolv.conf 2>/dev/null || echo "nameserver 10.77.0.2" >/etc/resolv.conf
exit 0
SCRIPT
chmod 755 /run/bin/resolvconf`;

export const DNS = cases({
  "a name server": { lines: [...lines, "DNS = 10.88.0.53"], allowedIps, prepare },
  "name servers of both families, and domains": {
    lines: [...lines, "DNS = 10.88.0.53, corp.example,fd88::53", "dns = lan 10.88.0.54"],
    allowedIps,
    prepare,
  },
  "domains without a name server": { lines: [...lines, "DNS = corp.example"], allowedIps, prepare },
  "an empty DNS": { lines: [...lines, "DNS ="], allowedIps, prepare },
  "a name server, where resolvconf wants a prefix": {
    lines: [...lines, "DNS = 10.88.0.53"],
    allowedIps,
    prepare: `${prepare}
      mkdir -p /etc/resolvconf
      printf 'lo.*\\ntun*\\neth*\\n' >/etc/resolvconf/interface-order`,
  },
  "a name server, and everything": {
    lines: [...lines, "DNS = 10.88.0.53, fd88::53"],
    allowedIps: "0.0.0.0/0, ::/0",
    prepare,
  },
  "a name server that hooks see": {
    lines: [
      ...lines,
      "DNS = 10.88.0.53",
      ...["PreUp", "PostUp", "PreDown", "PostDown"].map((hook) =>
        `${hook} = echo ${hook} >>$SEEN; cat /etc/resolv.conf >>$SEEN`
      ),
    ],
    allowedIps,
    prepare,
  },
  "a name server, and a PostUp that fails": {
    lines: [...lines, "DNS = 10.88.0.53", "PostUp = exit 9"],
    allowedIps,
    prepare,
  },
  "a name server that is saved": {
    lines: [...lines, "DNS = 10.88.0.53", "SaveConfig = true"],
    allowedIps,
    prepare,
  },
  "a name server without resolvconf": {
    lines: [...lines, "DNS = 10.88.0.53, corp.example"],
    allowedIps,
    prepare: `for directory in /usr/local/sbin /usr/sbin /sbin /usr/local/bin /usr/bin /bin; do
      [[ ! -e $directory/resolvconf ]] || mount --bind /dev/null $directory/resolvconf
    done`,
  },
  "a wrong DNS": { lines: [...lines, "DNS = 10.88.0.53.1"], allowedIps, prepare },
});
