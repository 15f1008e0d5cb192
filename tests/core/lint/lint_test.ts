/** Each kind of finding: what has it, where it is, and what doesn't have it. */
import assert from "node:assert/strict";
import { KeyFileError } from "../../../core/config/key_files.ts";
import { FINDING_CODES, type FindingCode } from "../../../core/lint/finding.ts";
import { lintConfig, neighbourOf } from "../../../core/lint/lint.ts";
import type { LintSurroundings } from "../../../core/lint/surroundings.ts";
import { parseKey } from "../../../core/keys.ts";

const KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
const PEER_A = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
const PEER_B = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";
const ZERO = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

const INTERFACE = `[Interface]\nPrivateKey=${KEY}\nListenPort=51820\n`;
const PEER = `[Peer]\nPublicKey=${PEER_A}\n`;
/** A config of which nothing is to be told. */
const CLEAN = `${INTERFACE}Address=10.0.0.1/24
${PEER}AllowedIPs=10.0.0.2/32
Endpoint=192.0.2.1:51820
`;

const SURROUNDINGS: LintSurroundings = {
  file: "wg0.conf",
  isNamedAfterInterface: true,
  isWorldAccessible: false,
  hasBash: false,
  tableNames: new Map([["main", 254]]),
  servicePort: (name) => name === "openvpn" ? 1194 : null,
  publicKeyOf: (privateKey) => {
    assert.deepEqual(privateKey, parseKey(KEY));
    return parseKey(PEER_B) ?? assert.fail();
  },
  readKeyFile: ({ name }) => {
    if (name === "missing") throw new KeyFileError('"missing": No such file or directory');
    const key = parseKey(name === "zero" ? ZERO : KEY) ?? assert.fail();
    return { key, path: `"${name}"`, isWorldAccessible: name === "open" };
  },
  neighbours: [],
};

/** What is found: `CODE LINE TEXT`, with the text that is underlined. */
function found(text: string, surroundings: Partial<LintSurroundings> = {}): string[] {
  const { document, findings } = lintConfig(text, { ...SURROUNDINGS, ...surroundings });
  return findings.map(({ code, severity, span, message, help }) => {
    assert.equal(severity, FINDING_CODES[code][0]);
    assert.match(message, /^\S.*\S$/);
    assert.doesNotMatch(message + help, /[A-Za-z0-9+/]{40}/);
    const part = document.lines[span.line - 1]?.text.slice(span.start, span.end) ?? "";
    return `${code} ${span.line} ${part}`.trimEnd();
  });
}

/** Configs and all that is found in them; lines count from 1. */
const CASES: readonly (readonly [text: string, ...found: string[]])[] = [
  [CLEAN],
  [`\ufeff${CLEAN}`, "byte-order-mark 1"],
  [`${CLEAN}#\0`, "nul-byte 9 \0"],
  [`${CLEAN}  lost # text`, "not-a-setting 9 lost"],
  [`MTU = 1400\n${CLEAN}`, "outside-section 1 MTU"],
  [`${CLEAN} [Pear] # x\nEndpoint = ?`, "unknown-section 9 [Pear]"],
  [`${CLEAN}\tEnd point s = x`, "unknown-key 9 End point s"],
  [`${CLEAN}Address = 10.0.0.3/24`, "misplaced-key 9 Address"],
  [
    `${INTERFACE}Address = 10.0.0.1/24, 10.0.0.2/33,x # z\nDNS=1.1.1\nMTU =\t9 9\nTable = Off # t`,
    "invalid-value 4 10.0.0.2/33",
    "invalid-value 4 x",
    "invalid-value 5 1.1.1",
    "invalid-value 6 9 9",
    "invalid-value 7 Off",
  ],
  [`${INTERFACE}Address = 10.0.0.1/24, 10.0.0.1/24`, "invalid-value 4 10.0.0.1/24"],
  [`${CLEAN}Endpoint = 192.0.2.1:0`, "duplicate-key 9 Endpoint", "invalid-value 9 192.0.2.1:0"],
  [`${CLEAN}PresharedKey = sec ret`, "invalid-value 9 sec ret"],
  [
    `${CLEAN}AllowedIPs = 10.0. 7.0/24, 10.0.8.0 /33,`,
    "invalid-value 9 10.0. 7.0/24, 10.0.8.0 /33,",
    "invalid-value 9 10.0.8.0 /33",
  ],
  [`${CLEAN}PersistentKeepalive = # 25`, "invalid-value 9 ="],
  [`${INTERFACE}[Peer]\nAllowedIPs = ::1`, "no-public-key 4 [Peer]"],
  [`${INTERFACE}[Peer]\nPublicKey = x\nAllowedIPs = ::1`, "invalid-value 5 x"],
  [
    `${INTERFACE}DisallowedIPs=10.0.0.0/9,11.0.0.0/8\n${PEER}Endpoint=10.1.1.1:1\n` +
    "AllowedIPs=10.0.0.0/8\nDisallowedIPs = 10.128.0.1/9 , ::/0\nDisallowedIPs=x",
    "needs-wgts 4 DisallowedIPs",
    "idle-exclusion 4 11.0.0.0/8",
    "no-allowed-ips 5 [Peer]",
    "needs-wgts 9 DisallowedIPs",
    "host-bits 9 10.128.0.1/9",
    "idle-exclusion 9 ::/0",
    "needs-wgts 10 DisallowedIPs",
    "invalid-value 10 x",
  ],
  ["[Interface]\nPrivateKeyFile = /etc/key", "needs-wgts 2 PrivateKeyFile"],
  [
    `[Interface]\nPrivateKey = ${KEY}\nprivatekeyfile=/etc/key`,
    "two-keys 3 privatekeyfile",
    "needs-wgts 3 privatekeyfile",
  ],
  [
    `[Interface]\nPrivateKeyFile = missing # x`,
    "key-file 2 PrivateKeyFile",
    "needs-wgts 2 PrivateKeyFile",
  ],
  [
    `[Interface]\nPrivateKeyFile = zero\n${PEER}AllowedIPs=::1\nEndpoint=[::2]:1\nPresharedKeyFile=open`,
    "needs-wgts 2 PrivateKeyFile",
    "zero-key 2 zero",
    "needs-wgts 7 PresharedKeyFile",
    "world-accessible 7 open",
  ],
  [`[Interface]\nPrivateKeyFile = ${KEY}`, "needs-wgts 2 PrivateKeyFile", `invalid-value 2 ${KEY}`],
  [`[Interface]\nPrivateKeyFile =`, "needs-wgts 2 PrivateKeyFile", "invalid-value 2 ="],
  [`${INTERFACE}Table = mine`, "unknown-table 4 mine"],
  [`${INTERFACE}Table = main`],
  ["[Interface]\n", "no-private-key 1 [Interface]"],
  ["", "no-private-key 0"],
  [`[Interface]\nPrivateKey = ${ZERO}`, `zero-key 2 ${ZERO}`],
  [`${CLEAN}PresharedKey = ${ZERO}`, `zero-key 9 ${ZERO}`],
  [`${INTERFACE}[Peer]\nPublicKey=${ZERO}\nAllowedIPs=::1`, `zero-key 5 ${ZERO}`],
  [`${INTERFACE}[Peer]\nPublicKey=${PEER_B}\nAllowedIPs=::1`, `own-key 5 ${PEER_B}`],
  [`${CLEAN}${PEER}AllowedIPs=::1`, `duplicate-peer 10 ${PEER_A}`],
  [`${INTERFACE}MTU=1400\n[Interface]\nmtu = 1380\nPostUp=a\nPostUp=b`, "duplicate-key 6 mtu"],
  [
    `${CLEAN}[Peer]\nPublicKey=${ZERO.replace("A", "B")}\nAllowedIPs=10.0.0.0/8, 10.0.0.2`,
    "taken-allowed-ip 11 10.0.0.2",
  ],
  [`${CLEAN}AllowedIPs=10.1.0.0/16,10.0.0.2/32`, "repeated-item 9 10.0.0.2/32"],
  [`${CLEAN}AllowedIPs=10.1.0.1/16`, "host-bits 9 10.1.0.1/16"],
  [`${INTERFACE}${PEER}Endpoint=[::1]:1`, "no-allowed-ips 4 [Peer]"],
  [
    `${INTERFACE}Address=10.0.0.0/24, 10.0.1.255/24 10.0.2.0/31,fd00::/64,10.0.3.0`,
    "network-address 4 10.0.0.0/24",
    "network-address 4 10.0.1.255/24",
  ],
  [`${INTERFACE}DNS = a.example, b.example`, "dns-without-server 4 a.example, b.example"],
  [`${INTERFACE}DNS = a.example\nDNS=1.1.1.1`],
  [`${INTERFACE}DNS = ~a.example`, "dns-without-server 4 ~a.example"],
  [`${INTERFACE}DNS = 1.1.1.1, 1.1.1.2\nDNS = ::1, a, ::2`, "many-dns-servers 5 ::2"],
  [`${INTERFACE}DNS = 1.1.1.1, 1.1.1.2, ::1, ~a.example, ~b`],
  [`${INTERFACE}DNS = 1.1.1.1, ~a.example, b`, "unsplit-dns 4 ~a.example"],
  [`${INTERFACE}DNS = 1.1.1.1, ~a.example, ~.`, "unsplit-dns 4 ~a.example"],
  [`${INTERFACE}DNS = 1.1.1.1, ~.`],
  [`[Interface]\nPrivateKey=${KEY}\n${PEER}AllowedIPs=::1`, "no-way-to-peers 3 [Peer]"],
  [`[Interface]\nPrivateKey=${KEY}\n${PEER}AllowedIPs=::1\nEndpoint=x:openvpn`],
  [`${INTERFACE}MTU=1279`],
  [`${INTERFACE}MTU=1279\nAddress=fd00::1/64`, "mtu-range 4 1279"],
  [`${INTERFACE}MTU=500`, "mtu-range 4 500"],
  [`${INTERFACE}MTU=1441`, "mtu-range 4 1441"],
  [
    `${INTERFACE}${PEER}AllowedIPs=0.0.0.0/1,128.0.0.0/1\nEndpoint=192.0.2.1:1`,
    "routing-loop 7 192.0.2.1:1",
  ],
  [`${INTERFACE}${PEER}AllowedIPs=0.0.0.0/0,::/0\nEndpoint=192.0.2.1:1`],
  [
    `${INTERFACE}${PEER}AllowedIPs=0.0.0.0/1\nFallbackEndpoints = a:1, 127.0.0.1 :2,[::1]:3`,
    "needs-wgts 7 FallbackEndpoints",
    "routing-loop 7 127.0.0.1 :2",
  ],
  [
    `${CLEAN}FallbackEndpoints = a:1, b, c:99999\nPersistentKeepalive=25`,
    "needs-wgts 9 FallbackEndpoints",
    "invalid-value 9 b",
    "invalid-value 9 c:99999",
  ],
  [
    `${CLEAN}[Interface]\nReresolveInterval = 60`,
    "needs-wgts 10 ReresolveInterval",
    "nothing-to-look-up 10 60",
  ],
  [`${CLEAN}[Interface]\nReresolveInterval = off`, "needs-wgts 10 ReresolveInterval"],
  [
    `${INTERFACE}ReresolveInterval = 1h\n${PEER}AllowedIPs=::1\nEndpoint=a:1`,
    "needs-wgts 4 ReresolveInterval",
    "invalid-value 4 1h",
  ],
  [`${INTERFACE}Table=1\n${PEER}AllowedIPs=0.0.0.0/1\nEndpoint=192.0.2.1:1`],
  [
    `${INTERFACE}OnRoam = x\nOnRoam = [[ -n x ]]\nOnHandshak = y`,
    "needs-wgts 4 OnRoam",
    "needs-wgts 5 OnRoam",
    "bashism 5 [[",
    "unknown-key 6 OnHandshak",
  ],
  [
    `${INTERFACE}PostUp = [[ -n x ]] && f <(g) # ${"$"}{x//a/b}
PreUp = a=(1 2); function f { x; }; y &>z
PreDown = iptables -A FORWARD -i %i -j ACCEPT; [ -n "${"$"}{x:-1}" ] && echo $((1 + 2)) 2>&1 | grep 'a$'`,
    "bashism 4 [[",
    "bashism 4 <(",
    "bashism 5 a=(",
    "bashism 5 function",
    "bashism 5 &>",
  ],
  [
    `${INTERFACE}PostUp = echo "${"$"}{x//a/b}" $RANDOM ${"$"}{a[1]} $'\\n' |& cat &>>z
PostUp = for i in {1..3}; do touch /x/{a,b}; let n=1; x+=1; done
PreUp = read -p x; printf -v y x; source f; [ a == b ]; if ((1)); then cat <<<x; fi`,
    "bashism 4 ${x/",
    "bashism 4 $RANDOM",
    "bashism 4 ${a[",
    "bashism 4 $'",
    "bashism 4 |&",
    "bashism 4 &>>",
    "bashism 5 {1..3}",
    "bashism 5 {a,b}",
    "bashism 5 let",
    "bashism 5 x+=",
    "bashism 6 read -p",
    "bashism 6 printf -v",
    "bashism 6 source",
    "bashism 6 ==",
    "bashism 6 ((",
    "bashism 6 <<<",
  ],
  [
    `${INTERFACE}PostUp = nft 'add rule x dport {80,443} &> [[ '; awk "{print $1,$2}" # <(x)
PreDown = f() { read -r x; echo "$UIDX a==b {1..3} \\"[[ x" \${x}; }; x=$(id -u); ! [ "$x" = 0 ]
PreUp = sysctl net.core=1; resource let; echo "it's $#" ${"$"}{x#y} ${"$"}{1:-a,b}; ip route add 10.0.0.0/8`,
  ],
  [
    `[ Interface ]\nPrivate Key=${KEY}\nTa ble = off`,
    "wg-quick-refuses 1 [ Interface ]",
    "wg-quick-refuses 3 Ta ble",
  ],
  [`${CLEAN}PersistentKeepalive=25`],
  [
    `${INTERFACE}${PEER}AllowedIPs=::1\nPersistentKeepalive=25`,
    "keepalive-without-endpoint 7 25",
  ],
  [`${INTERFACE}Table=off\n${PEER}AllowedIPs=::1`, "routes-off 4 off"],
  [`${INTERFACE}Table=off\nPostUp=x\n${PEER}AllowedIPs=::1`],
  [`${INTERFACE}${PEER}AllowedIPs=10.0.0.0/8, 0.0.0.0/0`, "one-family-only 6 0.0.0.0/0"],
  [`${INTERFACE}${PEER}AllowedIPs=::/0`, "one-family-only 6 ::/0"],
  [`${CLEAN}AllowedIPs=+10.0.1.0/24`, "needs-newer-wg 9 +10.0.1.0/24"],
];

Deno.test("every kind of finding is told, at its text, and nothing else", () => {
  const seen = new Set<string>();
  for (const [text, ...expected] of CASES) {
    assert.deepEqual([text, ...found(text)], [text, ...expected]);
    for (const line of expected) seen.add(line.split(" ")[0] ?? "");
  }
  const elsewhere: FindingCode[] = [
    "file-name",
    "shared-listen-port",
    "shared-address",
  ];
  assert.deepEqual([...seen, ...elsewhere].toSorted(), Object.keys(FINDING_CODES).toSorted());
});

Deno.test("findings tell of the file's name and of who may access it", () => {
  assert.deepEqual(found(CLEAN, { isNamedAfterInterface: false }), ["file-name 0"]);
  assert.deepEqual(found(CLEAN, { isWorldAccessible: true }), ["world-accessible 0"]);
  assert.deepEqual(found(`${PEER}AllowedIPs=::1`, { isWorldAccessible: true }), [
    "no-private-key 0",
    "no-way-to-peers 1 [Peer]",
  ]);
});

Deno.test("hooks may be bash's where it is", () => {
  assert.deepEqual(found(`${INTERFACE}PostUp=[[ x ]]`, { hasBash: true }), []);
});

Deno.test("configs are compared with their neighbours, broken ones too", () => {
  const neighbours = [
    neighbourOf("[Interface]\nlost\nListenPort=1\nAddress=10.0.0.9/24, x, 10.0.0.1/8", "a.conf"),
    neighbourOf("[Interface]\nListenPort=51820", "b.conf"),
  ];
  assert.deepEqual(found(CLEAN, { neighbours }), [
    "shared-listen-port 3 51820",
    "shared-address 4 10.0.0.1/24",
  ]);
  const unset = "[Interface]\nListenPort=0";
  assert.deepEqual(found(unset, { neighbours: [neighbourOf(unset, "a.conf")] }), [
    "no-private-key 1 [Interface]",
  ]);
});
