/**
 * wgts and the kernel's own WireGuard, in a guest whose kernel has it: `wg` and wgts do the same to its
 * interfaces and tell the same of them, and `up --backend=kernel` does all of `up` with one.
 */
import assert from "node:assert/strict";
import { Host } from "./harness/host.ts";
import { KernelGuest } from "./harness/kernel_guest.ts";
import { KERNEL_TUNNEL_STEPS, KEYS, type Step } from "./kernel_tunnel_steps.ts";

/** Starting the program takes two seconds in a guest that is emulated, and four where it does much. */
const TIMEOUT_MS = 900_000;
const MEMORY_MIB = 1024;

/**
 * `both ARGS…` runs wg and wgts with the same arguments; `each ARGS…` does so on an interface of its own
 * for each, which stands for IF, and then compares what wg says of the two. What differs is printed.
 */
const PRELUDE = `
umask 077
wgts() { /host/wgts "$@"; }
outcome() { # outcome PROGRAM ARGS…: its output and exit code, without its name and how long ago
  "$@" >/tmp/stdout 2>/tmp/stderr </dev/null
  local code=$?
  { cat /tmp/stdout; echo "stderr:"; cat /tmp/stderr; echo "exit code $code"; } |
    sed -E "s/^Usage: (wg|wgts) /Usage: /; s/^(wg|wgts): /: /; s/(latest handshake.*: ).*/\\1ago/"
}
compare() { # compare WHAT WG-FILE WGTS-FILE
  cmp -s "$2" "$3" || { echo "DIFFERENT: $1"; diff -U1 "$2" "$3" | head -40; }
}
both() {
  outcome wg "$@" >/tmp/wg.outcome
  outcome wgts "$@" >/tmp/wgts.outcome
  echo "$* ($(wc -c </tmp/wg.outcome))"
  compare "$*" /tmp/wg.outcome /tmp/wgts.outcome
}
each() {
  outcome wg "\${@/IF/wga}" >/tmp/wg.outcome
  outcome wgts "\${@/IF/wgb}" >/tmp/wgts.outcome
  echo "$* ($(wc -c </tmp/wg.outcome))"
  compare "$*" /tmp/wg.outcome /tmp/wgts.outcome
  wg show wga dump >/tmp/wg.dump
  wg show wgb dump >/tmp/wgts.dump
  compare "$*: the interface afterwards" /tmp/wg.dump /tmp/wgts.dump
}
`;

Deno.test({
  name: "in a kernel with WireGuard",
  // The guest has no runtime for the sources.
  ignore: !Deno.env.get("WGTS"),
  async fn(t) {
    await using host = await Host.create("kbe");
    const share = await Deno.makeTempDir({ prefix: "wgts-share-" });
    try {
      await Deno.copyFile(Deno.env.get("WGTS") ?? "", `${share}/wgts`);
      const options = { share, memory: MEMORY_MIB };
      await using guest = await KernelGuest.boot("kbe-guest", host, "eth0", options);
      for (const [name, body] of STEPS) {
        await t.step(name, async () => {
          await body(async (script) => {
            const options = { timeout: TIMEOUT_MS };
            const { code, stdout, stderr } = await guest.attempt(PRELUDE + script, options);
            assert.equal(code, 0, stdout + stderr);
            assert.ok(!stdout.includes("DIFFERENT"), stdout);
            return { stdout, stderr };
          });
        });
      }
    } finally {
      await Deno.remove(share, { recursive: true });
    }
  },
});

const STEPS: readonly Step[] = [
  ["wgts shows what wg shows", async (run) => {
    const { stdout } = await run(`
${KEYS}
ip link add wg0 type wireguard
ip link add wg1 type wireguard
wg set wg0 private-key /tmp/a.key listen-port 51820 fwmark 0xca6c \\
  peer $B preshared-key /tmp/psk allowed-ips 10.9.0.2/32,fd09::/64,0.0.0.0/0 \\
  endpoint 127.0.0.1:51821 persistent-keepalive 1 \\
  peer $C endpoint [fe80::1%lo]:5 allowed-ips 10.8.0.0/24
wg set wg1 private-key /tmp/b.key listen-port 51821 peer $A preshared-key /tmp/psk
ip link set wg0 up
ip link set wg1 up
for ((i = 0; i < 1000; i++)); do
  [ "$(wg show wg0 latest-handshakes | grep -c '\\b0$')" = 1 ] && break
  sleep 0.1
done
# Nothing changes by itself any more.
ip link set wg0 down
ip link set wg1 down
wg show wg0 transfer | grep -v '\\b0$' >/dev/null || exit 9
both show
both show interfaces
both show all dump
both show wg0 endpoints
both showconf wg0
WG_HIDE_KEYS=never WG_COLOR_MODE=always both show wg0
both show lo
both show nowhere
wgts run us0
both show interfaces
ip link delete us0
ip link delete wg0
ip link delete wg1`);
    // Not two times nothing: the names of two interfaces, then of three.
    assert.match(stdout, /^show interfaces \(28\)\n[^]*^show interfaces \(32\)\n/m, stdout);
  }],

  ["wgts does to an interface what wg does", async (run) => {
    await run(`
${KEYS}
ip link add wga type wireguard
ip link add wgb type wireguard
each set IF private-key /tmp/own.key listen-port 51820 fwmark 0x1234 \\
  peer $A preshared-key /tmp/psk endpoint 10.1.2.3:99 persistent-keepalive 25 \\
  allowed-ips 10.0.0.1/24,fd00::/64 peer $B endpoint [fe80::1%lo]:5 allowed-ips 0.0.0.0/0,::/0 \\
  peer $OWN allowed-ips 10.7.0.0/16
each set IF fwmark off private-key /dev/null peer $A preshared-key /dev/null \\
  persistent-keepalive off allowed-ips '' peer $B remove peer $C allowed-ips 10.0.0.0/24
cat >/tmp/set.conf <<CONFIG
[Interface]
PrivateKey = $(cat /tmp/own.key)
ListenPort = 51822
[Peer]
PublicKey = $B
PresharedKey = $(cat /tmp/psk)
Endpoint = [2001:db8::1]:51820
AllowedIPs = 10.0.0.0/8, fd00::/8
[Peer]
PublicKey = $A
PersistentKeepalive = 1
CONFIG
each setconf IF /tmp/set.conf
printf '[Interface]\\nFwMark = 5\\n[Peer]\\nPublicKey = %s\\nAllowedIPs = 10.0.0.0/8\\n' $C >/tmp/add.conf
each addconf IF /tmp/add.conf
# Debian's wg keeps a keepalive that isn't named any more.
sed "s/^Persistent.*/&0\\nAllowedIPs = 10.5.0.0\\/16/" /tmp/set.conf >/tmp/sync.conf
each syncconf IF /tmp/sync.conf
each set lo listen-port 1
each set nowhere listen-port 1
# The port of an interface that is up is taken from the others.
ip link set wga up
wg set wgb listen-port 51823
ip link set wgb up
both set wga listen-port 51823
ip link delete wga
ip link delete wgb`);
  }],

  ["what doesn't fit a message goes into many", async (run) => {
    const { stdout } = await run(`
ip link add wga type wireguard
ip link add wgb type wireguard
awk 'BEGIN {
  print "[Interface]\\nListenPort = 51820"
  for (p = 0; p < 1000; p++) {
    printf "[Peer]\\nPublicKey = %06dAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\\n", p
    if (p == 600) {
      printf "AllowedIPs = fd00::/64"
      for (i = 0; i < 3000; i++) printf ", 10.%d.%d.%d/32", i / 65536, i / 256 % 256, i % 256
    } else printf "Endpoint = 10.1.1.1:%d\\nAllowedIPs = 10.9.%d.%d/32", p + 1, p / 256, p % 256
    print ""
  }
}' >/tmp/big.conf
each setconf IF /tmp/big.conf
wc -l </tmp/wg.dump
both show wga dump
head -200 /tmp/big.conf >/tmp/small.conf
each syncconf IF /tmp/small.conf
wc -l </tmp/wg.dump
ip link delete wga
ip link delete wgb`);
    assert.match(stdout, /^1001$/m, stdout);
    assert.match(stdout, /^51$/m, stdout);
  }],

  ["an allowed IP that the kernel can't remove is an error, as with wg", async (run) => {
    const { stdout } = await run(`
${KEYS}
ip link add wga type wireguard
wg set wga peer $A allowed-ips 10.0.0.0/24,10.1.0.0/24
outcome wgts set wga peer $A allowed-ips -10.0.0.0/24
outcome wgts set wga peer $A allowed-ips +10.2.0.0/24
wg show wga allowed-ips
ip link delete wga`);
    // Linux 6.16 and later can; Debian's are older.
    assert.match(stdout, /^stderr:\nUnable to modify interface: Invalid argument\nexit code 1\n/);
    assert.match(stdout, /\t10\.0\.0\.0\/24 10\.1\.0\.0\/24 10\.2\.0\.0\/24\n$/);
  }],

  ["up --backend=kernel and down do all, and down cleans up after kill -9 of up", async (run) => {
    const { stdout } = await run(`
${KEYS}
mkdir -p /etc/wireguard
cat >/etc/wireguard/wg0.conf <<CONFIG
[Interface]
PrivateKey = $(cat /tmp/own.key)
Address = 10.9.0.1/24, fd09::1/64
PostUp = echo hook %i
[Peer]
# Name = Kay
PublicKey = $A
AllowedIPs = 0.0.0.0/0
PersistentKeepalive = 25
CONFIG
snapshot() {
  ip -o link; ip -o address; ip rule; ip -6 rule; ip route show table all; ip -6 route show table all
  find /run/wgts /run/wireguard 2>/dev/null
}
snapshot >/tmp/before
wgts up --backend=auto wg0 2>/tmp/up.stderr || exit 9
head -1 /tmp/up.stderr
ip -o -d link show wg0 | grep -o ' wireguard '
ip -o address show wg0 | grep -o 'inet6\\? [^ ]*'
ip route show table 51820
both show wg0
wgts status wg0 | grep -E 'backend|name'
wgts status --json wg0 | grep -E 'backend|Kay'
wgts metrics | grep -o 'name="Kay"'
wgts down wg0 2>/tmp/down.stderr || exit 9
snapshot >/tmp/after; compare "up and down" /tmp/before /tmp/after
sed -i 's/^PostUp.*/PostUp = kill -9 $PPID/' /etc/wireguard/wg0.conf
wgts up --backend=kernel wg0 2>/dev/null && exit 9
ip -o link show wg0 >/dev/null || exit 9
wgts down wg0 2>/dev/null || exit 9
snapshot >/tmp/after; compare "kill -9 of up" /tmp/before /tmp/after`);
    assert.match(
      stdout,
      new RegExp(
        [
          "hook wg0",
          String.raw`\[#\] ip link add dev wg0 type wireguard`,
          " wireguard ",
          String.raw`inet 10\.9\.0\.1/24`,
          String.raw`inet6 fd09::1/64`,
          "default dev wg0 scope link ",
          "unreachable default metric 4294967295 ",
          String.raw`show wg0 \(\d+\)`,
          "  backend: the kernel.*",
          "  name: Kay",
          ' *"backend": "kernel",',
          ' *"name": "Kay",',
          'name="Kay"',
        ].join("\n"),
      ),
    );
  }],

  ...KERNEL_TUNNEL_STEPS,

  [
    "a kernel that lacks WireGuard: auto takes an engine, kernel fails and says why",
    async (run) => {
      const { stdout } = await run(`
rmmod wireguard
rm -r /lib/modules
sed -i '/^PostUp/d; s,^AllowedIPs.*,AllowedIPs = 10.8.0.0/16,' /etc/wireguard/wg0.conf
snapshot() { ip -o link; ip rule; find /run/wgts /run/wireguard 2>/dev/null; }
wgts up --backend=kernel wg0 2>&1
echo "exit code $?"
both show wg0
wgts up --backend=auto wg0 2>/tmp/up.stderr || exit 9
head -1 /tmp/up.stderr
both show interfaces
wgts down wg0 2>/dev/null || exit 9
ip -o link show wg0 2>/dev/null
ls /run/wgts 2>/dev/null
true`);
      assert.match(stdout, /wgts: .*\(EOPNOTSUPP\).*--backend=userspace\nexit code 1\n/, stdout);
      assert.match(stdout, /^\[#\] wgts run wg0\nshow interfaces \(\d+\)\n$/m, stdout);
    },
  ],
];
