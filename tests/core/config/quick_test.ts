import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigError } from "../../../core/config/error.ts";
import { expandHook, parseQuickConfig } from "../../../core/config/quick.ts";
import { stripQuickConfig } from "../../../core/config/strip.ts";
import type { QuickConfig } from "../../../core/config/types.ts";
import { parseWgConfig } from "../../../core/config/wg.ts";
import { formatKey, parseKey } from "../../../core/keys.ts";

const KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
const PSK = "FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=";
const PEER_A = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
const PEER_B = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";

const parse = (text: string) => parseQuickConfig(text, "wg0.conf");
/** An `[Interface]` with a key and `lines`, which begin at line 3. */
const withInterface = (lines: string) => `[Interface]\nPrivateKey=${KEY}\n${lines}`;
const interfaceOf = (lines: string) => parse(withInterface(lines)).interface;
/** What the only warnings are, without file. */
const warningsOf = (config: QuickConfig) =>
  config.warnings.map(({ message }) => message.replace("wg0.conf:", ""));

function messageOf(text: string): string {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message;
  }
  assert.fail(`accepted: ${text}`);
}

Deno.test("parseQuickConfig reads a complete config", () => {
  const config = parse(`# my tunnel
[Interface]
PrivateKey = ${KEY}
Address = 10.0.0.1/24, fd00::1/64
Address = 10.9.9.9
ListenPort = 51820
FwMark = 0xca6c
DNS = 1.1.1.1, example.com 2606:4700:4700::1111
DNS = corp.example
MTU = 1380
Table = 1234
PreUp = echo 1
PostUp = iptables -A FORWARD -i %i -j ACCEPT; echo a=b # not cut
PostUp = echo 2
PreDown = echo 3
PostDown = echo 4
SaveConfig = TRUE

[Peer] # the first
PublicKey = ${PEER_A}
PresharedKey = ${PSK}
Endpoint = vpn.example.com:51820
AllowedIPs = 0.0.0.0/0, ::/0
PersistentKeepalive = 25

[Peer]
PublicKey = ${PEER_B}
AllowedIPs = 10.0.0.2/32
AllowedIPs = 10.0.1.0/24
`);
  const { addresses, dns, ...rest } = config.interface;
  assert.deepEqual(addresses.map(String), ["10.0.0.1/24", "fd00::1/64", "10.9.9.9/32"]);
  assert.deepEqual(dns.servers.map(String), ["1.1.1.1", "2606:4700:4700::1111"]);
  assert.deepEqual(dns.search, ["example.com", "corp.example"]);
  assert.deepEqual(rest, {
    privateKey: parseKey(KEY),
    listenPort: 51820,
    fwmark: 0xca6c,
    mtu: 1380,
    table: 1234,
    preUp: ["echo 1"],
    postUp: ["iptables -A FORWARD -i %i -j ACCEPT; echo a=b # not cut", "echo 2"],
    preDown: ["echo 3"],
    postDown: ["echo 4"],
    saveConfig: true,
  });
  const [first, second] = config.peers.map(({ allowedIps, ...peer }) => {
    return { ...peer, allowedIps: allowedIps.map(String) };
  });
  assert.deepEqual(first, {
    publicKey: parseKey(PEER_A),
    presharedKey: parseKey(PSK),
    endpoint: { host: "vpn.example.com", port: 51820, text: "vpn.example.com:51820" },
    allowedIps: ["0.0.0.0/0", "::/0"],
    persistentKeepalive: 25,
    line: 19,
    name: "the first",
  });
  assert.deepEqual(second, {
    publicKey: parseKey(PEER_B),
    allowedIps: ["10.0.0.2/32", "10.0.1.0/24"],
    line: 26,
  });
  assert.deepEqual(config.warnings, []);
});

Deno.test("parseQuickConfig has wg-quick's defaults", () => {
  assert.deepEqual(interfaceOf(""), {
    privateKey: parseKey(KEY),
    addresses: [],
    dns: { servers: [], search: [] },
    table: "auto",
    preUp: [],
    postUp: [],
    preDown: [],
    postDown: [],
    saveConfig: false,
  });
});

Deno.test("parseQuickConfig ignores white space, case and line ends where wg does", () => {
  const text = `[ interFACE ]\r\npriv ate key=${KEY.slice(0, 20)} ${KEY.slice(20)}\t#\r\n` +
    `listenport = 5 1820\r\nADDRESS = 10.0.0.1/24\r\npostup = echo  two  spaces \t\r\n` +
    `[PEER]\r\npublickey=${PEER_A}\r\nallowedips = 10.0.0.0 / 8 ,fd00 ::/ 1 6`;
  const { interface: { privateKey, listenPort, addresses, postUp }, peers } = parse(text);
  assert.equal(privateKey && formatKey(privateKey), KEY);
  assert.equal(listenPort, 51820);
  assert.deepEqual(addresses.map(String), ["10.0.0.1/24"]);
  assert.deepEqual(postUp, ["echo  two  spaces"]);
  assert.deepEqual(peers[0]?.allowedIps.map(String), ["10.0.0.0/8", "fd00::/16"]);
});

Deno.test("parseQuickConfig merges [Interface] sections; of scalars the last counts", () => {
  const config = parse(
    `[Interface]\nListenPort=1\nMTU=1400\nTable=off\nSaveConfig=true\nAddress=10.0.0.1\n` +
      `[Peer]\nPublicKey=${PEER_A}\n` +
      `[Interface]\nPrivateKey=${KEY}\nListenPort=2\nMTU=\nTable=\nSaveConfig=false\nAddress=10.0.0.2\n`,
  );
  const { addresses, listenPort, mtu, table, saveConfig } = config.interface;
  assert.deepEqual({ listenPort, mtu, table, saveConfig }, {
    listenPort: 2,
    mtu: undefined,
    table: "auto",
    saveConfig: false,
  });
  assert.deepEqual(addresses.map(String), ["10.0.0.1/32", "10.0.0.2/32"]);
});

Deno.test("Table is auto, off, a number or a name", () => {
  assert.equal(interfaceOf("Table = auto").table, "auto");
  assert.equal(interfaceOf("Table = off").table, "off");
  assert.equal(interfaceOf("Table = 0x10").table, 16);
  assert.equal(interfaceOf("Table = 4294967295").table, 4294967295);
  assert.deepEqual(interfaceOf("Table = my_vpn").table, { name: "my_vpn", line: 3 });
  for (const wrong of ["0", "Off", "AUTO", "010", "4294967296", "-1", "a b", "0x", "1e3"]) {
    assert.equal(
      messageOf(withInterface(`Table = ${wrong}`)),
      `wg0.conf:3: cannot parse Table "${wrong}": ` +
        "expected auto, off, 1 to 4294967295 or a name of rt_tables",
    );
  }
});

Deno.test("MTU is what a TUN device takes", () => {
  assert.equal(interfaceOf("MTU = 68").mtu, 68);
  assert.equal(interfaceOf("MTU = 65535").mtu, 65535);
  for (const wrong of ["67", "65536", "0x500", "1,420", "1420 bytes"]) {
    const problem = "expected 68 to 65535 bytes";
    assert.equal(
      messageOf(withInterface(`MTU = ${wrong}`)),
      `wg0.conf:3: cannot parse MTU "${wrong}": ${problem}`,
    );
  }
});

Deno.test("DNS tells servers from search domains as wg-quick does", () => {
  const { dns } = interfaceOf("DNS = 9.9.9.9,~corp, _x.example ::1");
  assert.deepEqual(dns.servers.map(String), ["9.9.9.9", "::1"]);
  assert.deepEqual(dns.search, ["~corp", "_x.example"]);
  assert.match(messageOf(withInterface("DNS = 1.1.1")), /:3: .*"1\.1\.1" is not an IP address$/);
  assert.match(messageOf(withInterface("DNS = fe80::1%lo")), /"fe80::1%lo" is not an IP address$/);
  assert.match(messageOf(withInterface("DNS = 1.1.1.1;8.8.8.8")), /neither an IP address nor/);
});

Deno.test("of an address given twice, the second is an error", () => {
  assert.equal(
    messageOf(withInterface("Address = 10.0.0.1/24\nAddress = fd00::1/64, 10.0.0.1/24")),
    'wg0.conf:4: cannot parse Address "fd00::1/64, 10.0.0.1/24": 10.0.0.1/24 is given twice',
  );
  assert.equal(interfaceOf("Address = 10.0.0.1/24, 10.0.0.1/32").addresses.length, 2);
});

Deno.test("an address that Linux refuses is an error", () => {
  for (const wrong of ["::/64", "::1", "ff02::1/64"]) {
    assert.match(messageOf(withInterface(`Address = ${wrong}`)), /can't be an address of an inter/);
  }
  assert.equal(
    interfaceOf("Address = 0.0.0.0/0, 224.0.0.1/24, fe80::1/64, ::2").addresses.length,
    4,
  );
});

Deno.test("an endpoint is a host and a port", () => {
  const endpointOf = (text: string) => {
    const options = { servicePort: (name: string) => name === "domain" ? 53 : null };
    const peer = `[Peer]\nPublicKey=${PEER_A}\nEndpoint=${text}`;
    const endpoint = parseWgConfig(peer, "wg0.conf", options).peers[0]?.endpoint;
    return endpoint && [endpoint.host, endpoint.port];
  };
  assert.deepEqual(endpointOf("192.0.2.1:51820"), ["192.0.2.1", 51820]);
  assert.deepEqual(endpointOf("[2001:db8::1]:51820"), ["2001:db8::1", 51820]);
  assert.deepEqual(endpointOf("2001:db8::1:51820"), ["2001:db8::1", 51820]);
  assert.deepEqual(endpointOf("[fe80::1%eth0]:domain"), ["fe80::1%eth0", 53]);
  assert.deepEqual(endpointOf("bücher.example:1"), ["bücher.example", 1]);
  assert.deepEqual(endpointOf("[vpn.example]:1"), ["vpn.example", 1]);
  for (const wrong of ["h:0", "h:65536", "h:smtp", "h", "h:", ":1", "[::1]1", "[::1:1", "::g:1"]) {
    assert.throws(() => endpointOf(wrong), ConfigError, wrong);
  }
  for (const wrong of ["a b", "a/b", "a\u007f", "x".repeat(256), "fe80::1%", '"h"', "h;h"]) {
    if (wrong !== "a b") assert.throws(() => endpointOf(`${wrong}:1`), ConfigError, wrong);
  }
});

Deno.test("commands for events are kept as written, by their keys, as often as they are given", () => {
  const text = `[Interface]\nOnHandshake = echo a=b "%i" # kept\nonroam =\nOnHandshake = x\n` +
    "ONRERESOLVE = $WGTS_PEER\nOnSessionExpired = y;z\n";
  const { interface: { eventHooks } } = parseQuickConfig(text, "wg0.conf");
  assert.deepEqual(eventHooks, {
    OnHandshake: ['echo a=b "%i" # kept', "x"],
    OnReresolve: ["$WGTS_PEER"],
    OnSessionExpired: ["y;z"],
  });
  assert.equal(parseQuickConfig("[Interface]\nOnRoam =\n", "a").interface.eventHooks, undefined);
  assert.equal(stripQuickConfig(text), "[Interface]\n\n");
  assert.throws(() => parseWgConfig(text, "wg0.conf"), /unknown key|tunnel's config/);
});

Deno.test("fallback endpoints are a list, and lookups have an interval", () => {
  const text = `[Interface]\nReresolveInterval = 300\n[Peer]\nPublicKey = ${PEER_A}\n` +
    "FallbackEndpoints = a.example : 1, [2001:db8::1]:2\nFallbackEndpoints = 192.0.2.1:3\n";
  const { interface: { reresolveInterval }, peers: [peer] } = parseQuickConfig(text, "wg0.conf");
  assert.equal(reresolveInterval, 300);
  assert.deepEqual(peer?.fallbackEndpoints?.map(({ host, port }) => [host, port]), [
    ["a.example", 1],
    ["2001:db8::1", 2],
    ["192.0.2.1", 3],
  ]);
  const off = parseQuickConfig("[Interface]\nReresolveInterval = OFF\n", "wg0.conf");
  assert.equal(off.interface.reresolveInterval, 0);
  const stripped = stripQuickConfig(text);
  assert.equal(stripped, `[Interface]\n[Peer]\nPublicKey = ${PEER_A}\n\n`);
  assert.throws(() => parseWgConfig(text, "wg0.conf"), /unknown key|tunnel's config/);
});

Deno.test("sections of one public key are one peer, as an interface would take them", () => {
  const config = parse(withInterface(`
[Peer]
PublicKey = ${PEER_A}
AllowedIPs = 10.0.0.0/8
Endpoint = 192.0.2.1:1
PersistentKeepalive = 5
[Peer]
PublicKey = ${PEER_B}
AllowedIPs = 10.1.0.0/16
[Peer]
PublicKey = ${PEER_A}
PresharedKey = ${PSK}
AllowedIPs = 10.2.0.0/16
PersistentKeepalive = off
`));
  const [a, b] = config.peers;
  assert.equal(config.peers.length, 2);
  assert.deepEqual(a?.allowedIps.map(String), ["10.2.0.0/16"]);
  assert.equal(a?.endpoint?.text, "192.0.2.1:1");
  assert.equal(a?.persistentKeepalive, 0);
  assert.deepEqual(a?.presharedKey, parseKey(PSK));
  assert.deepEqual(b?.allowedIps.map(String), ["10.1.0.0/16"]);
  assert.deepEqual(warningsOf(config), [
    "12: the peer of line 4 again: later settings replace earlier ones",
  ]);
});

Deno.test("AllowedIPs with + and - change what there is", () => {
  const allowedIps = (...lists: string[]) =>
    parse(withInterface(lists.map((list) => `[Peer]\nPublicKey=${PEER_A}\n${list}\n`).join("")))
      .peers[0]?.allowedIps.map(String);
  const list = (text: string) => `AllowedIPs = ${text}`;
  assert.deepEqual(allowedIps(list("10.0.0.1, +10.0.0.2, -10.0.0.1")), ["10.0.0.2/32"]);
  assert.deepEqual(allowedIps(list("10.0.0.1"), list("+10.0.0.2")), ["10.0.0.1/32", "10.0.0.2/32"]);
  assert.deepEqual(allowedIps(list("10.0.0.1"), list("10.0.0.2")), ["10.0.0.2/32"]);
  assert.deepEqual(allowedIps(list("10.0.0.1"), ""), []);
  assert.deepEqual(allowedIps(list("10.0.0.0/8, 10.1.2.3/8")), ["10.0.0.0/8"]);
});

Deno.test("what is odd but valid is warned of", () => {
  assert.deepEqual(
    warningsOf(parse(`[Interface]
PrivateKey = ${KEY}
[Peer]
PublicKey = ${PEER_A}
AllowedIPs = 10.0.0.1/24, fd00::1/64
[Peer]
PublicKey = ${PEER_B}
AllowedIPs = 10.0.0.0/24`)),
    [
      "5: AllowedIPs 10.0.0.1/24 has host bits: taken as 10.0.0.0/24",
      "5: AllowedIPs fd00::1/64 has host bits: taken as fd00::/64",
      "6: this peer takes 10.0.0.0/24 from the peer of line 3",
    ],
  );
  const noKey = [" no PrivateKey: no peer can be reached"];
  assert.deepEqual(warningsOf(parse("")), noKey);
  assert.deepEqual(warningsOf(parse(`[Interface]\nPrivateKey=${"A".repeat(43)}=`)), noKey);
});

Deno.test("an unknown key names the nearest one", () => {
  const cases: [string, string][] = [
    ["[Interface]\nAdress=1", '2: unknown key "Adress" in [Interface]: did you mean Address?'],
    ["[Interface]\nAdrdess=1", '2: unknown key "Adrdess" in [Interface]: did you mean Address?'],
    ["[Interface]\nDSN=1", '2: unknown key "DSN" in [Interface]: did you mean DNS?'],
    [
      "[Interface]\nEndpoint=1",
      '2: unknown key "Endpoint" in [Interface]: it belongs to [Peer]',
    ],
    ["[Peer]\nmtu=1", '2: unknown key "mtu" in [Peer]: it belongs to [Interface]'],
    ["[Peer]\nAdress=1", '2: unknown key "Adress" in [Peer]: did you mean Address of [Interface]?'],
    [
      "[Peer]\nName=1",
      '2: unknown key "Name" in [Peer]: ' +
      "expected one of PublicKey, PresharedKey, AllowedIPs, Endpoint, PersistentKeepalive",
    ],
    ["[Peers]", '1: unknown section "[Peers]": did you mean [Peer]?'],
    ["[Server]", '1: unknown section "[Server]": expected [Interface] or [Peer]'],
    ["\n\nMTU=1", '3: "MTU" stands before any section: expected [Interface]'],
    ["[Interface]\nPrivateKe\u212a = x", "2: unknown key"],
  ];
  for (const [text, message] of cases) {
    assert.ok(messageOf(text).startsWith(`wg0.conf:${message}`), messageOf(text));
  }
  assert.throws(() => parseWgConfig("[Interface]\nAddress=10.0.0.1", "wg0.conf"), {
    message: 'wg0.conf:2: unknown key "Address" in [Interface]: it is wg-quick\'s',
  });
});

Deno.test("an error tells file, line, column and key", () => {
  assert.throws(() => parse(withInterface("  ListenPort =   x")), {
    name: "ConfigError",
    message: 'wg0.conf:3: cannot parse ListenPort "x": expected a port from 0 to 65535',
    file: "wg0.conf",
    line: 3,
    column: 18,
    key: "ListenPort",
  });
  assert.throws(() => parse(withInterface("\n[Peer]\nAllowedIPs=10.0.0.0/8")), {
    message: "wg0.conf:4: this [Peer] has no PublicKey",
    key: "PublicKey",
  });
});

Deno.test("no message holds a key, and none more than one short line", () => {
  const secret = "kM5mMqb4Ty1QX0a1b2c3D4e5f6G7h8i9j0K1l2M3n48=";
  const pieces = Array.from({ length: 36 }, (_, at) => secret.slice(at, at + 9));
  const spoilt = fc.tuple(
    fc.nat(43),
    fc.constantFrom("=", "\n", "!", "\u202e", "\x1b[2J", "=\n"),
    fc.constantFrom("PrivateKey = ", "PrivateKey ", "PresharedKey = ", "PublicKey=", "", "= "),
  ).map(([at, slip, key]) =>
    `[Interface]\n[Peer]\n${key}${secret.slice(0, at)}${slip}${secret.slice(at)}\n`
  );
  fc.assert(
    fc.property(spoilt, (text) => {
      const message = messageOf(text);
      assert.ok(!pieces.some((piece) => message.includes(piece)), message);
      assert.match(message, /^wg0\.conf:[1-9]: [ -~]{1,300}$/);
    }),
    { numRuns: 300 },
  );
  assert.match(
    messageOf(withInterface(`Table = ${"x.".repeat(2500)}\u202e\u001b`)),
    /^wg0\.conf:3: cannot parse Table "(x\.){28}x\.\.\.": [ -~]+$/,
  );
});

Deno.test("a parser given any text throws nothing but ConfigError", () => {
  const word = fc.constantFrom("[Interface]\n", "[Peer]\n", "PublicKey", "=", "\n", "#", KEY, ",");
  const text = fc.array(fc.oneof(word, fc.string({ unit: "binary" }))).map((words) =>
    words.join("")
  );
  fc.assert(fc.property(text, (text) => {
    try {
      parse(text);
    } catch (error) {
      assert.ok(error instanceof ConfigError, String(error));
      assert.ok(!error.message.includes("\n"));
    }
  }));
});

Deno.test("expandHook replaces every %i and nothing else", () => {
  assert.equal(expandHook("%i %%i $i %I %i%i", "wg0"), "wg0 %wg0 $i %I wg0wg0");
  assert.equal(expandHook("a %i", "$&"), "a $&");
});

Deno.test("with `refuse`, every mistake is told of, and all else is read", () => {
  const errors: ConfigError[] = [];
  const text = `\ufeffx=1
[Interface]
Adress = 10.0.0.1/24
Address = 10.0.0.1/24, 10.0.0.2/24 10.0.0.1/24
AllowedIPs = ::/0
lost
[Pear]
Endpoint = of no peer
[Peer]
AllowedIPs = 10.0.0.0/8, 10.1.0.0/33, 10.2.0.0/16, x
\0
[Peer]
PublicKey = ${PEER_A}
AllowedIPs = ::/0`;
  const config = parseQuickConfig(text, "wg0.conf", { refuse: (error) => errors.push(error) });
  assert.deepEqual(errors.map(({ line, code, help, item }) => [line, code, help, item]), [
    [1, "byte-order-mark", "expected plain UTF-8", undefined],
    [11, "nul-byte", "expected text", undefined],
    [1, "outside-section", "expected [Interface]", undefined],
    [3, "unknown-key", "did you mean Address?", undefined],
    [4, "invalid-value", "10.0.0.1/24 is given twice", "10.0.0.1/24"],
    [5, "misplaced-key", "it belongs to [Peer]", undefined],
    [6, "not-a-setting", undefined, undefined],
    [7, "unknown-section", "did you mean [Peer]?", undefined],
    [10, "invalid-value", "prefix must be <= 32", "10.1.0.0/33"],
    [10, "invalid-value", '"x" is not an IPv4 or IPv6 address with a prefix length', "x"],
    [11, "not-a-setting", undefined, undefined],
    [9, "no-public-key", undefined, undefined],
  ]);
  for (const { message, problem, help, line } of errors) {
    assert.equal(message, `wg0.conf:${line}: ${problem}${help === undefined ? "" : `: ${help}`}`);
  }
  assert.deepEqual(config.interface.addresses.map(String), ["10.0.0.1/24", "10.0.0.2/24"]);
  assert.deepEqual(config.peers.map(({ allowedIps }) => allowedIps.map(String)), [["::/0"]]);
});
