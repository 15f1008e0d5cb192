/** Scripts about `set`. */

/** Arguments after `wg set wg0`. */
const ARGUMENTS: readonly string[] = [
  // of the interface
  "listen-port 12345",
  "listen-port 0",
  "listen-port 65535",
  "listen-port 00051821",
  "listen-port domain",
  "listen-port 65536",
  "listen-port 99999",
  "listen-port 4294967296",
  "listen-port -1",
  "listen-port +12345",
  "listen-port 0x10",
  "listen-port 1.0",
  "listen-port ''",
  "listen-port ' 12345'",
  "listen-port '123 45'",
  "listen-port '12345 '",
  "listen-port x",
  "listen-port nosuchservice",
  "listen-port",
  "listen-port 1 listen-port 12345",
  "Listen-Port 12345",
  "listenport 12345",
  "listen-por 12345",
  "listen-port=12345",
  "fwmark 0",
  "fwmark off",
  "fwmark OFF",
  "fwmark oFf",
  "fwmark 1",
  "fwmark 0xcafe",
  "fwmark 0XCAFE",
  "fwmark 0xCAFE",
  "fwmark 0x",
  "fwmark 0xg",
  "fwmark 0x0x1",
  "fwmark 4294967295",
  "fwmark 4294967296",
  "fwmark 0xffffffff",
  "fwmark 0x100000000",
  "fwmark 18446744073709551616",
  "fwmark 99999999999999999999999",
  "fwmark -1",
  "fwmark +1",
  "fwmark 007",
  "fwmark 08",
  "fwmark 1.5",
  "fwmark ''",
  "fwmark ' 1'",
  "fwmark '1 '",
  "fwmark '0x 1'",
  "fwmark offf",
  "fwmark on",
  "fwmark cafe",
  "fwmark",
  // keys from files
  ...[
    "key",
    "key-without-newline",
    "key-with-spaces",
    "key-after-space",
    "key-with-more",
    "two-keys",
  ]
    .concat(["key-with-nul", "key-cut", "key-cut-without-newline", "key-not-canonical"])
    .concat(["key-not-base64", "key-unpadded", "zero-key", "empty", "newline", "space", "nul"])
    .concat(["missing", "."])
    .flatMap((file) => [`private-key $f/${file}`, `peer $A preshared-key $f/${file}`]),
  "private-key /dev/null",
  "private-key /dev/stdin <$f/key",
  "private-key - <$f/key",
  "private-key <(cat $f/key)",
  "private-key /dev/stdin",
  "private-key /dev/zero",
  "private-key /dev/full",
  "private-key ''",
  "private-key",
  "private-key $KEY",
  "private-key $f/key/x",
  "private-key $(printf 'x%.0s' $(seq 5000))",
  "private-key $f/key private-key $f/empty",
  "peer $A preshared-key /dev/null",
  "peer $A preshared-key <(cat $f/preshared)",
  "peer $A preshared-key <(cat $f/key)",
  "peer $A preshared-key /dev/stdin peer $B preshared-key /dev/stdin <$f/key",
  "peer $A preshared-key",
  "peer $A preshared-key ''",
  "peer $A preshared-key $PSK",
  "peer $A preshared-key $f/zero-key peer $D preshared-key $f/key",
  // the order
  "private-key $f/key listen-port 12345 fwmark 7 peer $D",
  "peer $D listen-port 12345",
  "peer $D fwmark 1",
  "peer $D private-key $f/key",
  "listen-port 12345 peer $D fwmark 1",
  "endpoint 192.0.2.1:1",
  "allowed-ips 10.0.0.0/8",
  "persistent-keepalive 1",
  "preshared-key $f/preshared",
  "remove",
  "remove peer $A",
  "peer",
  "peer peer",
  "peer $A peer",
  "",
  "''",
  "nonsense",
  "nonsense 1",
  "listen-port 12345 nonsense",
  "listen-port 12345 ''",
  "peer $A nonsense",
  "peer $A ''",
  "--help",
  "-h",
  "listen-port 1 --help",
  // public keys
  "peer $D",
  "peer $D peer $E",
  "peer $D peer $D",
  "peer $A",
  "peer $ZERO",
  "peer $ZERO remove",
  "peer ${D:0:43}",
  "peer ${D}x",
  "peer ' $D'",
  "peer '$D '",
  'peer " $D"',
  'peer "$D "',
  'peer "${D:0:20} ${D:20}"',
  "peer ''",
  "peer x",
  "peer ${D%?}",
  "peer ${D/Y/!}",
  "peer $(wg pubkey <$f/key)",
  "peer $(echo $KEY | wg pubkey) allowed-ips 10.9.0.0/16",
  "private-key $f/key peer $(wg pubkey <$f/key) allowed-ips 10.9.0.0/16",
  "private-key $f/key peer $A remove peer $(wg pubkey <$f/key)",
  // removal
  "peer $A remove",
  "peer $A remove peer $B remove peer $C remove",
  "peer $D remove",
  "peer $A remove remove",
  "peer $A remove peer $A",
  "peer $A peer $A remove",
  "peer $A remove allowed-ips 10.9.0.0/16",
  "peer $A allowed-ips 10.9.0.0/16 remove",
  "peer $A remove endpoint 192.0.2.9:9 persistent-keepalive 7",
  "peer $A REMOVE",
  "peer $A remov",
  // endpoints
  ...["192.0.2.9:9", "192.0.2.9:65535", "[2001:db8::9]:9", "2001:db8::9:9", "[192.0.2.9]:9"]
    .concat(["127.1:9", "0x7f.1:9", "2130706433:9", "0177.0.0.1:9", "localhost:9", "LOCALHOST:9"])
    .concat(["192.0.2.9:domain", "192.0.2.9:00009", "[::1%lo]:9", "[fe80::1%lo]:9", "fe80::1%lo:9"])
    .concat([
      "[fe80::1%1]:9",
      "[fe80::1%nonexist]:9",
      "[::ffff:192.0.2.9]:9",
      "[::]:9",
      "0.0.0.0:9",
    ])
    .concat([
      "255.255.255.255:9",
      "224.0.0.1:9",
      "[ff02::1]:9",
      "192.0.2.9",
      "192.0.2.9:",
      ":9",
      ":",
    ])
    .concat(["''", "192.0.2.9:nosuchservice", "192.0.2.9:-1", "192.0.2.9:0x10", "192.0.2.9:0"])
    .concat([
      "192.0.2.9:65536",
      "192.0.2.9:99999",
      "192.0.2.9:+9",
      "192.0.2.9:' 9'",
      "' 192.0.2.9:9'",
    ])
    .concat([
      "'192.0.2.9 :9'",
      "'192.0.2.9:9 '",
      "[2001:db8::9]",
      "[2001:db8::9]:",
      "[2001:db8::9]9",
    ])
    .concat(["[2001:db8::9", "[2001:db8::9:9", "2001:db8::9]:9", "[]:9", "[:9", "]:9", "[]", "["])
    .concat([
      "[[::1]]:9",
      "[::1]x:9",
      "http://192.0.2.9:9",
      "192.0.2.9:9/udp",
      "192.0.2.9:9,192.0.2.8:8",
    ])
    .concat([
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7:8:9:10",
      "[1:2:3]:9",
      "256.0.0.1:9",
      "off",
      "(none)",
    ])
    .concat(["$(printf 'x%.0s' $(seq 300)):9", "'a b:9'", "-:9", "*:9", "..:9", ".:9"])
    .map((endpoint) => `peer $C endpoint ${endpoint}`),
  "peer $C endpoint",
  "peer $C endpoint 192.0.2.9:9 endpoint 192.0.2.8:8",
  // keepalives
  ...[
    "0",
    "off",
    "OFF",
    "Off",
    "1",
    "65535",
    "65536",
    "25s",
    "-1",
    "+25",
    "0x19",
    "025",
    "''",
    "' 25'",
  ]
    .concat(["'25 '", "on", "1.5", "4294967296", "18446744073709551617", "offf", "o"])
    .map((interval) => `peer $A persistent-keepalive ${interval}`),
  "peer $A persistent-keepalive",
  "peer $A persistent-keepalive 1 persistent-keepalive 2",
  // allowed IPs
  ...[
    "''",
    "' '",
    "','",
    "10.9.0.0/16",
    "10.9.0.1/16",
    "10.9.0.0/16,10.10.0.0/16,fd09::/64",
    "10.9.0.1",
  ]
    .concat(["fd09::1", "::", "::/0", "0.0.0.0/0", "0.0.0.0/0,::/0", "'10.9.0.0/16, 10.10.0.0/16'"])
    .concat([
      "' 10.9.0.0/16 '",
      "'10.9.0.0 / 16'",
      "'1 0.9.0.0/16'",
      "10.9.0.0/16,",
      ",10.9.0.0/16",
    ])
    .concat(["10.9.0.0/16,,10.10.0.0/16", "10.9.0.0/", "10.9.0.0/33", "fd09::/129", "10.9.0.0/016"])
    .concat([
      "10.9.0.0/+16",
      "10.9.0.0/-1",
      "10.9.0.0/0x10",
      "10.9.0.0/255.255.0.0",
      "10.9.0.0/16/16",
    ])
    .concat([
      "10/8",
      "10.9/16",
      "010.9.0.0/16",
      "10.9.0.256",
      "10.9.0.0.0",
      "host",
      "localhost/32",
      "any",
    ])
    .concat([
      "[fd09::1]/128",
      "fd09::1%lo/128",
      ":::",
      "1::2::3",
      "::ffff:10.9.0.1/128",
      "::10.9.0.1/128",
    ])
    .concat([
      "FD09:00AB::/32",
      "fd09:0:0:0:0:0:0:0/16",
      "1:2:3:4:5:6:7:8",
      "1:2:3:4:5:6:7:8:9",
      "/",
      "/24",
    ])
    .concat([
      "10.9.0.0/16,nonsense",
      "10.9.0.0/8,fd09::1/64",
      "'10.9.0.0/16\t,\t10.10.0.0/16'",
      "(none)",
    ])
    .concat([
      "10.9.0.0/16 allowed-ips 10.10.0.0/16",
      "10.9.0.0/16 allowed-ips ''",
      "'' allowed-ips 10.9.0.0/16",
    ])
    .concat([
      "10.0.0.0/8",
      "10.1.0.0/16,10.1.0.0/16",
      "$(seq -f '10.9.%.0f.0/24,' 0 200 | tr -d '\\n')10.8.0.0/16",
    ])
    .map((ips) => `peer $C allowed-ips ${ips}`),
  ...[
    "+10.9.0.0/16",
    "-10.9.0.0/16",
    "+10.9.0.0/16,+10.10.0.0/16",
    "+10.9.0.1",
    "+fd09::/64",
    "+0.0.0.0/0",
  ]
    .concat([
      "-10.1.0.0/16",
      "-10.1.0.0/16,-2001:db8::/32",

      "+10.9.0.0/16,-10.1.0.0/16",
    ])
    .concat(["-10.1.0.0/16,10.9.0.0/16", "10.9.0.0/16,-10.1.0.0/16", "10.9.0.0/16,+10.10.0.0/16"])
    .concat([
      "-10.1.0.0/16,+10.1.0.0/16",
      "+10.1.0.0/16,-10.1.0.0/16",
      "+",
      "-",
      "+,",
      "++10.9.0.0/16",
    ])
    .concat([
      "-+10.9.0.0/16",
      "'+ 10.9.0.0/16'",
      "'+10.9.0.0/16, -10.1.0.0/16'",
      "-0.0.0.0/0",
      "+x",
      "-/",
    ])
    .concat(["-10.0.0.0/8", "+10.9.0.0/33", "+10.9.0.0/16,-10.2.3.4/32"])
    .map((ips) => `peer $B allowed-ips ${ips}`),
  "peer $C allowed-ips",
  "peer $C allowed-ips 10.9.0.0/16 10.10.0.0/16",
  "peer $D allowed-ips 10.0.0.0/8 peer $E allowed-ips 10.0.0.0/8",
  "peer $D allowed-ips 10.9.0.0/16 endpoint 192.0.2.9:9 persistent-keepalive 9 preshared-key $f/key",
  // what comes before an error isn't applied
  "listen-port 12345 peer $D allowed-ips nonsense",
  "peer $A remove peer $B allowed-ips 10.9.0.0/33",
  "private-key $f/key fwmark nonsense",
];

const ZONED = ["fe80::1%lo", "fe80::1%1", "fe80::1%0", "fe80::1%99", "fe80::1%nonexist0"]
  .concat(["ff02::1%1", "ff01::1%lo", "ff05::1%1", "::1%1", "::1%lo", "2001:db8::1%1", "fe80::1%"])
  .map((address) => `[${address}]:9`);

export const SET: readonly string[] = [
  ...ARGUMENTS.map((words) => `wg set wg0 ${words}`),
  "wg set",
  "wg set wg0",
  "wg set nonexist0 listen-port 1",
  "wg set nonexist0 listen-port x",
  "wg set nonexist0 peer $A remove",
  "wg set '' listen-port 1",
  "wg set ../wireguard/wg0 listen-port 1",
  "wg set averyveryverylongname listen-port 1",
  "wg set all listen-port 1",
  "wg set interfaces listen-port 1",
  "wg set lo listen-port 1",
  "wg set wg1 listen-port 51820",
  "wg set wg0 listen-port 12345 <&-",
  "wg set wg0 peer $A preshared-key /dev/stdin <&-",
  "chmod 644 $f/key; wg set wg0 private-key $f/key; chmod 600 $f/key",
  // the last owner wins
  "wg set wg0 peer $C allowed-ips 10.0.0.0/8; wg set wg0 peer $B allowed-ips 10.0.0.0/8,10.1.0.0/16",
  "wg set wg0 peer $C allowed-ips 0.0.0.0/0 peer $A allowed-ips 0.0.0.0/0",
  "wg set wg1 private-key $f/key peer $A allowed-ips 10.0.0.0/8; wg show all allowed-ips",
  // zones, of which only some have names, and not all are kept
  ...ZONED.map((endpoint) => `wg set wg0 peer $A endpoint ${endpoint}; wg show; wg show wg0 dump`),
  ...ZONED.map((endpoint) =>
    `wg set wg0 peer $A endpoint ${endpoint}; wg showconf wg0 >c; cat c; wg setconf wg0 c`
  ),
  // names, without anybody to ask
  "wg set wg0 peer $C endpoint host.invalid:9",
  "WG_ENDPOINT_RESOLUTION_RETRIES=1 wg set wg0 peer $C endpoint host.invalid:9",
  "WG_ENDPOINT_RESOLUTION_RETRIES=2 wg set wg0 peer $C endpoint host.invalid:9",
  "WG_ENDPOINT_RESOLUTION_RETRIES=1x wg set wg0 peer $C endpoint host.invalid:9",
  "wg set wg0 peer $C endpoint host.invalid:domain",
  "wg set wg0 peer $C endpoint host.invalid:nosuchservice",
  "wg set wg0 listen-port 12345 peer $C endpoint host.invalid:9",
  "unset WG_ENDPOINT_RESOLUTION_RETRIES; first_words wg set wg0 peer $C endpoint host.invalid:9",
  "export WG_ENDPOINT_RESOLUTION_RETRIES=infinity; first_words wg set wg0 peer $C endpoint host.invalid:9",
  "export WG_ENDPOINT_RESOLUTION_RETRIES=; first_words wg set wg0 peer $C endpoint host.invalid:9",
  "export WG_ENDPOINT_RESOLUTION_RETRIES=-1; first_words wg set wg0 peer $C endpoint host.invalid:9",
  "export WG_ENDPOINT_RESOLUTION_RETRIES=nonsense; first_words wg set wg0 peer $C endpoint host.invalid:9",
  "WG_ENDPOINT_RESOLUTION_RETRIES=x wg set wg0 peer $C endpoint ''",
  "WG_ENDPOINT_RESOLUTION_RETRIES=x wg set wg0 peer $C endpoint '[1.2.3.4'",
  "WG_ENDPOINT_RESOLUTION_RETRIES=-0 wg set wg0 peer $C endpoint 1.2.3.4:9",
  "WG_ENDPOINT_RESOLUTION_RETRIES=-18446744073709551615 wg set wg0 peer $C endpoint 1.2.3.4:9",
  "printf '[Peer]\\nPublicKey = %s\\nEndpoint = 1.2.3.4\\n' $C >c; WG_ENDPOINT_RESOLUTION_RETRIES=x wg setconf wg0 c",
];
