/**
 * `up` and `down` of a config by one program, in namespaces that are the same each time, and the state of
 * the system before, between and after.
 */
import { attempt } from "./command.ts";
import { wgts } from "./program.ts";

/** A config, and what to do with it. */
export interface QuickCase {
  readonly name: string;
  /** The text of the file. */
  readonly config: string;
  /** Bash, before anything else. */
  readonly prepare?: string;
  /** Bash, between `up` and `down`. */
  readonly between?: string;
  /** The argument of `up` and `down`: a name in /etc/wireguard by default. */
  readonly argument?: string;
  /** Where the config is written. */
  readonly file?: string;
}

/** What a program did. */
export interface QuickOutcome {
  readonly up: CommandOutcome;
  /** The lines in which it told what it did, `[#] …`, if it succeeded. */
  readonly trace: readonly string[];
  /** The system when the tunnel was up. */
  readonly state: string;
  readonly down: CommandOutcome;
  /** What was different afterwards from before, as lines with `+` or `-`. */
  readonly left: string;
  /** What the config's commands wrote to $SEEN. */
  readonly seen: string;
  /** The lines of the config afterwards, sorted. */
  readonly config: string;
}

/** What a command did. */
export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
}

/** What both print on stderr word by word, or nearly. */
const TOLD = /^\[[#!]\] |^Warning: .* is world accessible$/;
/** What wgts notes of a tunnel that there is. */
const OWN = /^[+-]?own .*\n/gm;
/** Milliseconds for one case: `wg-quick` is slow with many routes. */
const DEADLINE_MS = 600_000;

/**
 * An uplink with addresses and default routes of both families. Ports are always the same, the addresses of
 * an interface are usable at once, and the kernel's own WireGuard, if there is any, is out of sight.
 */
const SCENE = `
umask 022
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/etc /run/bin /run/results
( cd /etc
  for file in alternatives group hosts iproute2 ld.so.cache ld.so.conf ld.so.conf.d localtime \\
      nsswitch.conf passwd protocols services; do
    [[ ! -e $file ]] || cp -a $file /run/etc/
  done )
mount --bind /run/etc /etc
mkdir -p -m 700 /etc/wireguard
mkdir -p /etc/iproute2
echo "1000 quick_test" >>/etc/iproute2/rt_tables
echo "nameserver 10.77.0.2" >/etc/resolv.conf
mount -t tmpfs tmpfs /sys/module
cat >/run/bin/ip <<'IP'
#!/bin/sh
case "$*" in
  "link add "*" type wireguard") echo "RTNETLINK answers: Operation not supported" >&2; exit 2 ;;
esac
exec "$REAL_IP" "$@"
IP
chmod 755 /run/bin/ip
# It looks for commands beside itself first.
cp "$(command -v wg-quick)" /run/bin/
export REAL_IP=$(command -v ip)
export PATH=/run/bin:$PATH LC_ALL=C SEEN=/run/results/seen
cd /proc/sys/net
echo 40000 40000 >ipv4/ip_local_port_range
echo 0 >ipv6/conf/all/accept_dad
echo 0 >ipv6/conf/default/accept_dad
cd /run
ip link set lo up
ip link add eth0 address 02:00:00:00:00:01 type veth peer name far0 address 02:00:00:00:00:02
ip link set far0 up
ip link set eth0 up
ip address add 10.77.0.1/24 dev eth0
ip address add fd77::1/64 dev eth0
ip route add default via 10.77.0.2
ip -6 route add default via fd77::2
# The kernel hears of a wire's state a moment later.
until [[ $(ip link show far0) == *"state UP"* && -z $(ip -6 address show tentative) ]]; do
  sleep 0.01
done
`;

/** One line for each thing that there is. */
const STATE = `
state() {
  # The kernel takes a moment to make use of an IPv6 address.
  for try in {1..600}; do
    [[ -n $(ip -6 address show up tentative) ]] || break
    sleep 0.01
  done
  echo "resolv.conf $(stat -c '%F %a' /etc/resolv.conf)"
  sed 's/^/resolv.conf /' /etc/resolv.conf
  ip -o link | sed -E 's/^[0-9]+: /link /; s/ +/ /g'
  ip -o address | sed -E 's/^[0-9]+: /address /; s/ +/ /g'
  for family in -4 -6; do
    ip $family rule | sed "s/^/rule $family /"
    ip $family route show table all | sed "s/^/route $family /"
  done
  nft list ruleset | sed 's/^/nft /'
  for interface in $(/usr/bin/wg show interfaces); do
    /usr/bin/wg show $interface dump |
      awk -F '\\t' -v OFS=' ' '{ $1 = "wg '$interface' " $1 } NF > 5 { $6 = $7 = $8 = "-" } 1'
  done
  ( cd /proc/sys/net; grep -rs --exclude=stable_secret . ipv4 ipv6 | sed 's/^/sysctl /' )
  find /run/wireguard -not -type d 2>/dev/null | sed 's/^/file /'
  find /run/wgts -not -type d 2>/dev/null | sed 's/^/own /'
}
`;

/** The programs that are compared. */
export type Program = "wg-quick" | "wgts";

function commands(program: Program): string {
  if (program === "wg-quick") return 'quick() { wg-quick "$@"; }';
  return `quick() { ${wgts().join(" ")} "$@"; }`;
}

/** Carries out a case. */
export async function runQuick(program: Program, which: QuickCase): Promise<QuickOutcome> {
  const { config, prepare = "", between = "", argument = "wg0" } = which;
  const file = which.file ?? `/etc/wireguard/${argument}.conf`;
  const results = await Deno.makeTempDir({ prefix: "wgts-quick-" });
  try {
    const read = (name: string) => readText(`${results}/${name}`);
    await Deno.writeTextFile(`${results}/config`, config);
    const script = `set -e
${SCENE}
${STATE}
${commands(program)}
install -D -m 600 -T '${results}/config' '${file}'
set +e
${prepare}
touch /run/results
state >'${results}/before'
run() {
  quick $1 '${argument}' >'${results}'/$1.stdout 2>'${results}'/$1.stderr </dev/null
  echo $? >'${results}'/$1.code
}
run up
state >'${results}/up' 2>&1
${between}
run down
state >'${results}/after' 2>&1
cp '${file}' '${results}/config'
cp $SEEN '${results}/seen' 2>/dev/null
exit 0`;
    const unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"];
    const { code, stderr } = await attempt(
      [...unshare, "--mount-proc", "--propagation", "private", "bash", "-c", script],
      { timeout: DEADLINE_MS },
    );
    if (code !== 0) throw new Error(`${which.name}: no scene for ${program}: ${stderr}`);
    const command = async (name: string): Promise<CommandOutcome> => ({
      code: Number(await read(`${name}.code`)),
      stdout: await read(`${name}.stdout`),
    });
    const up = await command("up"), down = await command("down");
    const left = difference(
      withoutChance(await read("before")),
      withoutChance(await read("after")),
    );
    return {
      up,
      // What is undone, and in which order, is seen from what is left.
      trace: up.code === 0 ? told(await read("up.stderr")) : [],
      down,
      state: withoutChance(await read("up")).replaceAll(OWN, ""),
      left: down.code === 0 ? left : left.replaceAll(OWN, ""),
      seen: await read("seen"),
      config: (await read("config")).split("\n").sort().join("\n").trimStart(),
    };
  } finally {
    await Deno.remove(results, { recursive: true });
  }
}

/** A TUN's link-local address is a random one, unlike those of the uplink. */
function withoutChance(state: string): string {
  return state.replaceAll(
    /^(?!wg).*$/gm,
    (line) => line.replaceAll(/\bfe80::(?!ff:fe00:)(?=[0-9a-f:]+:)[0-9a-f:]+/g, "fe80::RANDOM"),
  )
    .split("\n").sort().join("\n");
}

/** The lines of which one of two texts has more than the other. */
export function difference(before: string, after: string): string {
  const counts = new Map<string, number>();
  for (const line of before.split("\n")) counts.set(line, (counts.get(line) ?? 0) - 1);
  for (const line of after.split("\n")) counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts].filter(([, count]) => count !== 0)
    .map(([line, count]) => `${count > 0 ? "+" : "-"}${line}\n`).sort().join("");
}

function told(stderr: string): string[] {
  return stderr.split("\n").filter((line) => TOLD.test(line));
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
