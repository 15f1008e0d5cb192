/**
 * What kernel_backend_test.ts does in the guest with whole tunnels that its kernel serves: reload,
 * events, and sockets in another network namespace.
 */
import assert from "node:assert/strict";

/** Runs a script in the guest, which fails by its exit code or by printing "DIFFERENT". */
export type Run = (script: string) => Promise<{ stdout: string; stderr: string }>;

/** Something to test, with one or more scripts. */
export type Step = readonly [name: string, body: (run: Run) => Promise<void>];

/** Makes /tmp/NAME.key and $NAME, the public key, of three peers and of ourselves, and /tmp/psk. */
export const KEYS = `
for name in a b c own; do wg genkey >/tmp/$name.key; done
A=$(wg pubkey </tmp/a.key) B=$(wg pubkey </tmp/b.key) C=$(wg pubkey </tmp/c.key)
wg genpsk >/tmp/psk
OWN=$(wg pubkey </tmp/own.key)
`;

/** Where the tunnel wgt listens. */
const PORT = 51830, OTHER_PORT = 51831;

/**
 * The tunnel wgt to a peer $A, which is the interface far0 of the network namespace "far" and answers at
 * 10.9.0.2; its socket is in the namespace that `make_far` names, or here.
 */
const TUNNEL = `
${KEYS}
D=$(wg genkey | wg pubkey)
CONFIG=/etc/wireguard/wgt.conf
mkdir -p /etc/wireguard
must() { "$@" 2>/tmp/stderr || { cat /tmp/stderr; exit 9; }; }
make_far() { # make_far [NAMESPACE]
  ip netns add far
  ip \${1:+-n $1} link add far0 netns far type wireguard
  ip -n far address add 10.9.0.2/24 dev far0
  ip netns exec far wg set far0 private-key /tmp/a.key listen-port 51821
  ip -n far link set far0 up
}
remove_far() { ip -n far link delete far0; ip netns delete far; }
meet() { # meet PORT [NAMESPACE]: far0 has forgotten the session, and begins another
  ip netns exec far wg set far0 peer $OWN remove
  ip netns exec far wg set far0 peer $OWN preshared-key /tmp/psk allowed-ips 10.9.0.0/16 \\
    endpoint 127.0.0.1:$1 persistent-keepalive 25
  reach $2
  handshake $2 >/tmp/handshake
}
reach() {
  \${1:+ip netns exec $1} ping -q -c 1 -i 0.2 -w 120 10.9.0.2 >/dev/null && return
  echo "DIFFERENT: no answer"
  exit 9
}
handshake() { \${1:+ip netns exec $1} wg show wgt latest-handshakes | grep "^$A"; }
same_session() { # same_session [NAMESPACE]
  reach $1
  handshake $1 >/tmp/handshake.now
  # After 120 seconds (REKEY_AFTER_TIME) another one is due.
  [ $(($(cut -f 2 /tmp/handshake.now) - $(cut -f 2 /tmp/handshake))) -lt 120 ] || return 0
  compare "the session" /tmp/handshake /tmp/handshake.now
}
live_peer() { # live_peer ALLOWED-IPS
  printf '[Peer]\\nPublicKey = %s\\nPresharedKeyFile = /tmp/psk\\n' $A
  printf 'Endpoint = 127.0.0.1:51821\\nAllowedIPs = %s\\n' "$1"
}
of_namespace() { # of_namespace [NAMESPACE]: what a tunnel may leave behind there
  local in=\${1:+ip netns exec $1}
  $in ip -o link; $in ip -o address
  for family in -4 -6; do $in ip $family rule; $in ip $family route show table all; done
  $in awk 'FNR > 1 { print $2 }' /proc/net/udp /proc/net/udp6
  find /run/wgts /run/wireguard -mindepth 1 2>/dev/null
}
`;

/** What `up` and `reload` see to. The peers' data and how long ago they were heard aren't in it. */
const STATE = `
state() {
  wg showconf wgt
  wg show wgt dump | cut -f 1-4,8
  ip link show wgt | grep -o 'mtu [0-9]*'
  ip -o address show dev wgt | sed -E 's/^[0-9]+: //'
  for family in -4 -6; do
    ip $family rule | sed -E 's/^[0-9]+:/rule/'
    ip $family route show table all | sort
  done
  cat /proc/sys/net/ipv4/conf/all/src_valid_mark
}
unordered() { # Without the order of what the kernel lists as it came.
  awk '{
    n = split($0, words, /[ \\t,]+/)
    for (i = 2; i <= n; i++) for (j = i; j > 1 && words[j] < words[j - 1]; j--) {
      word = words[j]; words[j] = words[j - 1]; words[j - 1] = word
    }
    line = words[1]; for (i = 2; i <= n; i++) line = line " " words[i]; print line
  }' "$1" | sort
}
compare_unordered() { # compare_unordered WHAT FILE FILE
  unordered "$2" >/tmp/unordered.1; unordered "$3" >/tmp/unordered.2
  compare "$1" /tmp/unordered.1 /tmp/unordered.2
}
`;

/** Some come, go, move and change, in each direction; the order is that in which the kernel gets them. */
const ONE_AND_TWO = `
{
  cat <<CONFIG
[Interface]
PrivateKeyFile = /tmp/own.key
ListenPort = ${PORT}
Address = 10.9.0.1/24, 10.90.0.1/24
CONFIG
  live_peer 10.9.0.2/32
  cat <<CONFIG
[Peer]
PublicKey = $B
Endpoint = 127.0.0.1:5
AllowedIPs = 10.91.0.0/16, 10.92.0.0/24, 10.95.0.0/16, fd91::/64
PersistentKeepalive = 25
[Peer]
PublicKey = $D
PresharedKeyFile = /tmp/psk
AllowedIPs = 10.94.0.0/16
CONFIG
} >/tmp/one.conf
{
  cat <<CONFIG
[Interface]
PrivateKeyFile = /tmp/own.key
ListenPort = ${OTHER_PORT}
MTU = 1380
Address = 10.9.0.1/24, fd09::1/64
CONFIG
  live_peer '10.9.0.2/32, 10.92.0.0/24'
  cat <<CONFIG
[Peer]
PublicKey = $B
PresharedKeyFile = /tmp/psk
Endpoint = 127.0.0.1:6
AllowedIPs = 10.91.0.0/16, fd91::/64, 10.94.0.0/16
[Peer]
PublicKey = $C
AllowedIPs = 172.16.0.0/12, ::/0
DisallowedIPs = 172.16.0.0/14
CONFIG
} >/tmp/two.conf
`;

export const KERNEL_TUNNEL_STEPS: readonly Step[] = [
  ["reload makes of one config's tunnel what up makes of another", async (run) => {
    const { stdout } = await run(`
${TUNNEL}${STATE}${ONE_AND_TWO}
make_far
of_namespace >/tmp/before
cp /tmp/two.conf $CONFIG
must wgts up --backend=kernel wgt
state >/tmp/two.fresh
wg show wgt allowed-ips | grep "^$C" | cut -f 2
must wgts down wgt
cp /tmp/one.conf $CONFIG
must wgts up --backend=kernel wgt
state >/tmp/one.fresh
wgts events wgt >/tmp/events 2>&1 &
events=$!
for ((i = 0; i < 60; i++)); do
  meet ${PORT}
  sleep 1
  [ -s /tmp/events ] && break
done
cp /tmp/two.conf $CONFIG
must wgts reload wgt
state >/tmp/two.reloaded; compare "two" /tmp/two.fresh /tmp/two.reloaded
same_session
meet ${OTHER_PORT}
ip route add 10.93.0.0/16 dev lo
state >/tmp/two.route
sed 's,^AllowedIPs = 10.94.*,&\\, 10.93.0.0/16,' /tmp/one.conf >$CONFIG
wgts reload wgt 2>&1 | tail -1
state >/tmp/two.failed; compare_unordered "a reload that fails" /tmp/two.route /tmp/two.failed
same_session
ip route del 10.93.0.0/16 dev lo
cp /tmp/one.conf $CONFIG
meet ${OTHER_PORT}
must wgts reload wgt
state >/tmp/one.reloaded; compare_unordered "one" /tmp/one.fresh /tmp/one.reloaded
ip monitor link address route rule >/tmp/monitor &
monitor=$!
wgts reload wgt 2>&1
kill $monitor
cat /tmp/monitor
state >/tmp/one.again; compare "the same again" /tmp/one.reloaded /tmp/one.again
same_session
must wgts down wgt
for ((i = 0; i < 600; i++)); do grep -q removed /tmp/events && break; sleep 0.1; done
kill $events
sed -E 's/^[^ ]+ //; 1p; $!d' /tmp/events
of_namespace >/tmp/after; compare "up, reloads and down" /tmp/before /tmp/after
echo 'BindAddress = 127.0.0.1' >/tmp/bind
sed -i '/^ListenPort/r /tmp/bind' $CONFIG
wgts up --backend=kernel wgt 2>&1
echo "exit code $?"
of_namespace >/tmp/after; compare "BindAddress" /tmp/before /tmp/after
remove_far`);
    assert.match(
      stdout,
      new RegExp(
        [
          String.raw`^172\.20\.0\.0/14 172\.24\.0\.0/13 ::/0`,
          String.raw`wgts: .*10\.93\.0\.0/16.* through lo already`,
          "wgts: wgt is as its config says",
          String.raw`wgt: \S+: handshake completed, endpoint 127\.0\.0\.1:51821`,
          "wgt: removed",
          "wgts: .*can't be bound to an address.*--backend=userspace",
          "exit code 1\n$",
        ].join("\n"),
      ),
    );
  }],

  ["the sockets of a tunnel are in the network namespace that it was born in", async (run) => {
    const { stdout } = await run(`
${TUNNEL}
ip netns add blue
ip netns add red
ip -n red link set lo up
ip -n red link add up0 index 77 type wireguard
make_far red
all() { of_namespace; of_namespace blue; of_namespace red; }
all >/tmp/before
{
  echo '[Interface]'
  echo 'PrivateKeyFile = /tmp/own.key'
  echo 'ListenPort = ${PORT}'
  echo 'Address = 10.9.0.1/24'
  live_peer 10.9.0.0/16
  printf '[Peer]\\nPublicKey = %s\\nEndpoint = [fe80::1%%up0]:5\\n' $B
} >$CONFIG
must wgts up --backend=kernel --netns=blue --birth-netns=red wgt
for namespace in blue red; do
  echo $namespace: $(ip netns exec $namespace grep -ci ':ca76 ' /proc/net/udp) \\
    $(ip -n $namespace -o -d link show wgt 2>&1 | grep -o ' wireguard ')
done
echo here: $(grep -ci ':ca76 ' /proc/net/udp) $(ip -o link show wgt 2>&1)
ip netns exec blue wg show wgt endpoints | grep "^$B" | cut -f 2
meet ${PORT} blue
wgts reload --netns=blue --birth-netns=red wgt 2>&1
same_session blue
must wgts down --netns=blue wgt
all >/tmp/after; compare "up and down" /tmp/before /tmp/after
remove_far
ip netns delete blue
ip netns delete red`);
    assert.equal(
      stdout,
      `blue: 0 wireguard
red: 1
here: 0 Device "wgt" does not exist.
[fe80::1%77]:5
wgts: wgt is as its config says
`,
    );
  }],
];
