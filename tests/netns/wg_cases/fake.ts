/** Scripts about interfaces whose control sockets answer anything. */
import type { FakeAnswers } from "../harness/fake_interfaces.ts";

const key = (byte: number) => byte.toString(16).padStart(2, "0").repeat(32);
const DEVICE = `private_key=${key(0x40)}\nlisten_port=51820\nfwmark=4660\n`;
const PEER = `public_key=${key(1)}\n`;
const OK = "errno=0\n\n";

/** Answers to a `get`; the socket is closed after each. */
const GETS: Readonly<Record<string, string>> = {
  nothing: "",
  newline: "\n",
  newlines: "\n\n",
  only_errno: OK,
  no_end: `${DEVICE}errno=0\n`,
  no_newline: `${DEVICE}errno=0`,
  no_errno: `${DEVICE}\n`,
  cut: `${DEVICE}${PEER}`,
  cut_line: `${DEVICE}${PEER}allowed_ip=10.0.0.`,
  more: `${OK}listen_port=1\n\n`,
  errno_first: `errno=0\n${DEVICE}\n`,
  errno_twice: `errno=5\n${DEVICE}${OK}`,
  errno_1: "errno=1\n\n",
  errno_5: `${DEVICE}errno=5\n\n`,
  errno_13: "errno=13\n\n",
  errno_22: "errno=22\n\n",
  errno_95: "errno=95\n\n",
  errno_minus_1: "errno=-1\n\n",
  errno_minus_22: "errno=-22\n\n",
  errno_4095: "errno=4095\n\n",
  errno_big: "errno=2147483647\n\n",
  errno_bigger: "errno=2147483648\n\n",
  errno_huge: "errno=99999999999999999999\n\n",
  errno_empty: "errno=\n\n",
  errno_word: "errno=EIO\n\n",
  errno_0x: "errno=0x0\n\n",
  errno_space: "errno= 0\n\n",
  unknown: `${DEVICE}not_known_yet=1\n${PEER}nor_this=x\nprotocol_version=2\n${OK}`,
  upper: `LISTEN_PORT=1\n${DEVICE}${OK}`,
  no_equals: `${DEVICE}listen_port\n${OK}`,
  two_equals: `listen_port==1\n${OK}`,
  space: `listen_port = 1\n${OK}`,
  crlf: `listen_port=1\r\n${OK}`,
  port_big: `listen_port=65536\n${OK}`,
  port_empty: `listen_port=\n${OK}`,
  port_minus: `listen_port=-1\n${OK}`,
  port_plus: `listen_port=+1\n${OK}`,
  port_hex: `listen_port=0x10\n${OK}`,
  port_zeros: `listen_port=0000001\n${OK}`,
  port_twice: `listen_port=1\nlisten_port=2\n${OK}`,
  mark_big: `fwmark=4294967296\n${OK}`,
  mark_max: `fwmark=4294967295\n${OK}`,
  mark_hex: `fwmark=0x10\n${OK}`,
  key_cut: `private_key=${key(0x40).slice(1)}\n${OK}`,
  key_long: `private_key=${key(0x40)}0\n${OK}`,
  key_upper: `private_key=${key(0xab).toUpperCase()}\n${OK}`,
  key_none: `private_key=\n${OK}`,
  key_zero: `private_key=${key(0)}\n${OK}`,
  key_bad: `private_key=${key(0x40).replace("4", "g")}\n${OK}`,
  key_late: `${PEER}private_key=${key(0x40)}\n${OK}`,
  port_late: `${PEER}listen_port=1\nfwmark=1\n${OK}`,
  own_key: `own_public_key=${key(9)}\nlisten_port=1\n${PEER}last_handshake_time_sec=5\n` +
    `last_handshake_time_nsec=7\n${OK}`,
  own_key_never: `own_public_key=${key(9)}\n${PEER}last_handshake_time_sec=0\n${OK}`,
  peer_cut: `public_key=${key(1).slice(1)}\n${OK}`,
  peer_twice: `${PEER}${PEER}${OK}`,
  peer_zero: `public_key=${key(0)}\n${OK}`,
  peer_line_first: `allowed_ip=10.0.0.0/8\n${PEER}${OK}`,
  psk_zero: `${PEER}preshared_key=${key(0)}\n${OK}`,
  psk_bad: `${PEER}preshared_key=x\n${OK}`,
  keepalive_big: `${PEER}persistent_keepalive_interval=65536\n${OK}`,
  keepalive_max: `${PEER}persistent_keepalive_interval=65535\n${OK}`,
  keepalive_off: `${PEER}persistent_keepalive_interval=off\n${OK}`,
  handshake_minus: `${PEER}last_handshake_time_sec=-1\n${OK}`,
  handshake_big: `${PEER}last_handshake_time_sec=9223372036854775807\n${OK}`,

  handshake_nsec: `${PEER}last_handshake_time_sec=0\nlast_handshake_time_nsec=5\n${OK}`,
  handshakes:
    [0, 1, 65, 3600, 90061].map((age, i) =>
      `public_key=${key(i + 1)}\nlast_handshake_time_sec=@AGE-${age}@\n`
    ).join("") + OK,
  bytes_big: `${PEER}rx_bytes=18446744073709551615\ntx_bytes=9007199254740993\n${OK}`,
  bytes_bigger: `${PEER}rx_bytes=18446744073709551616\n${OK}`,
  bytes_minus: `${PEER}tx_bytes=-1\n${OK}`,
  bytes_one: `${PEER}tx_bytes=1\n${OK}`,
  endpoint_empty: `${PEER}endpoint=\n${OK}`,
  endpoint_host: `${PEER}endpoint=host.invalid:1\n${OK}`,
  endpoint_no_port: `${PEER}endpoint=192.0.2.1\n${OK}`,
  endpoint_v6: `${PEER}endpoint=[2001:db8::1]:51820\n${OK}`,
  endpoint_v6_bare: `${PEER}endpoint=2001:db8::1:51820\n${OK}`,
  endpoint_open: `${PEER}endpoint=[2001:db8::1:51820\n${OK}`,
  endpoint_zone: `${PEER}endpoint=[fe80::1%lo]:51820\n${OK}`,
  endpoint_mapped: `${PEER}endpoint=[::ffff:192.0.2.1]:51820\n${OK}`,
  endpoint_port_0: `${PEER}endpoint=192.0.2.1:0\n${OK}`,
  endpoint_port_big: `${PEER}endpoint=192.0.2.1:65536\n${OK}`,
  endpoint_port_name: `${PEER}endpoint=192.0.2.1:domain\n${OK}`,
  endpoint_short: `${PEER}endpoint=127.1:9\n${OK}`,
  zone_number: `${PEER}endpoint=[fe80::1%1]:5\n${OK}`,
  zone_zeros: `${PEER}endpoint=[fe80::1%0001]:5\n${OK}`,
  zone_unused: `${PEER}endpoint=[fe80::1%99]:5\n${OK}`,
  zone_multicast: `${PEER}endpoint=[ff02::1%1]:5\n${OK}`,
  zone_interface: `${PEER}endpoint=[ff01::1%lo]:5\n${OK}`,
  zone_global: `${PEER}endpoint=[2001:db8::1%1]:5\n${OK}`,
  zone_0: `${PEER}endpoint=[::1%0]:5\n${OK}`,
  zone_of_link_0: `${PEER}endpoint=[fe80::1%0]:5\n${OK}`,
  zone_gone: `${PEER}endpoint=[fe80::1%nonexist0]:5\n${OK}`,
  // more than is read at once
  zones_many: Array.from({ length: 4000 }, (_, i) => {
    const host = i % 2 === 0 ? `[fe80::${(i + 1).toString(16)}%1]` : "[ff01::1%lo]";
    return `public_key=${(i + 1).toString(16).padStart(64, "0")}\nendpoint=${host}:5\n`;
  }).join("") + OK,
  ip_bad: `${PEER}allowed_ip=nonsense\n${OK}`,
  ip_no_length: `${PEER}allowed_ip=10.0.0.0\n${OK}`,
  ip_empty_length: `${PEER}allowed_ip=10.0.0.0/\n${OK}`,
  ip_long: `${PEER}allowed_ip=10.0.0.0/33\n${OK}`,
  ip_v6_long: `${PEER}allowed_ip=fd00::/129\n${OK}`,
  ip_255: `${PEER}allowed_ip=10.0.0.0/255\n${OK}`,
  ip_host_bits: `${PEER}allowed_ip=10.0.0.1/8\nallowed_ip=fd00::1/8\n${OK}`,
  ip_zeros: `${PEER}allowed_ip=10.0.0.0/08\n${OK}`,
  ip_minus: `${PEER}allowed_ip=-10.0.0.0/8\n${OK}`,
  ip_mapped: `${PEER}allowed_ip=::ffff:10.0.0.0/104\n${OK}`,
  ip_compressed: `${PEER}allowed_ip=1:0:0:2:0:0:0:3/128\nallowed_ip=0:0:1::/48\n${OK}`,
  utf8: `${PEER}näme=ü\n${OK}`,
  long_line: `${PEER}x=${"y".repeat(100_000)}\n${OK}`,
  many: Array.from(
    { length: 300 },
    (_, i) =>
      `public_key=${(i + 1).toString(16).padStart(64, "0")}\nallowed_ip=10.${i >> 8}.${
        i & 255
      }.0/24\n`,
  ).join("") + OK,
};

/** Answers to a `set`. */
const SETS: Readonly<Record<string, string>> = {
  s_ok: OK,
  s_nothing: "",
  s_newline: "\n",
  s_no_end: "errno=0\n",
  s_no_newline: "errno=0",
  s_minus_1: "errno=-1\n\n",
  s_minus_22: "errno=-22\n\n",
  s_minus_98: "errno=-98\n\n",
  s_minus_13: "errno=-13\n\n",
  s_minus_19: "errno=-19\n\n",
  s_minus_71: "errno=-71\n\n",
  s_5: "errno=5\n\n",
  s_22: "errno=22\n\n",
  s_big: "errno=-99999\n\n",
  s_word: "errno=EINVAL\n\n",
  s_empty: "errno=\n\n",
  s_junk: "junk\n\n",
  s_other: "listen_port=1\nerrno=0\n\n",
  s_space: "errno= -22\n\n",
  s_zeros: "errno=00\n\n",
  s_0x: "errno=0x16\n\n",
};

export const FAKES: Readonly<Record<string, FakeAnswers>> = {
  ...Object.fromEntries(Object.entries(GETS).map(([name, get]) => [name, { get, set: OK }])),
  ...Object.fromEntries(
    Object.entries(SETS).map((
      [name, set],
    ) => [name, { get: `${DEVICE}${PEER}allowed_ip=10.0.0.0/8\n${OK}`, set }]),
  ),
};

/** Requests whose text is compared too. */
const REQUESTS: readonly string[] = [
  "wg set s_ok listen-port 0 fwmark 0 private-key /dev/null",
  "wg set s_ok fwmark 7 private-key $f/key listen-port 12345",
  "wg set s_ok peer $A remove peer $B",
  "wg set s_ok peer $A preshared-key $f/preshared endpoint 192.0.2.9:9 persistent-keepalive 25 " +
  "allowed-ips 10.0.0.0/8,fd00::/8 peer $B allowed-ips ''",
  "wg set s_ok peer $A endpoint [fe80::1%lo]:9 allowed-ips 10.0.0.1/8,::ffff:1.2.3.4/128",
  "wg set s_ok peer $A preshared-key /dev/null persistent-keepalive off",
  "wg setconf s_ok $f/wg0.conf",
  "wg addconf s_ok $f/wg0.conf",
  "wg syncconf s_ok $f/wg0.conf",
  "wg setconf s_ok /dev/null",
  "wg addconf s_ok /dev/null",
  "wg syncconf s_ok /dev/null",
  "wg syncconf s_ok <(printf '[Peer]\\nPublicKey=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\\n')",
  "wg addconf s_ok <(printf '[Peer]\\nPublicKey=%s\\n[Interface]\\nListenPort=0\\nFwMark=off\\n' $A)",
];

export const FAKE: readonly string[] = [
  ...Object.keys(GETS).flatMap((name) => [`wg show ${name}; wg show ${name} dump`]),
  ...["newline", "errno_5", "own_key", "handshakes", "endpoint_zone", "key_upper", "cut", "unknown"]
    .concat(["zone_number", "zone_interface", "zone_of_link_0", "zones_many"])
    .flatMap((name) => [`wg showconf ${name}`, `wg syncconf ${name} $f/wg0.conf`]),
  "wg show handshakes latest-handshakes | wc -l",
  "wg show interfaces",
  ...Object.keys(SETS).map((name) => `wg set ${name} listen-port 12345`),
  ...["s_minus_22", "s_5", "s_nothing", "s_junk"].flatMap((name) =>
    ["setconf", "addconf", "syncconf"].map((command) => `wg ${command} ${name} $f/wg0.conf`)
  ),
  ...REQUESTS.map((script) => `${script}; cat /run/requests/s_ok`),
  // without those that one of both shows differently
  ...["number", "interface", "0"].map((zone) => `wg show zone_${zone} endpoints`),
  "wg show zones_many endpoints",
  "cd /run/wireguard; rm zone_gone.sock endpoint_{host,v6_bare,port_big,port_name,short}.sock own_* errno_m* *_big*",
  "wg show all listen-port",
  "wg show all",
];
