/**
 * DisallowedIPs: what is left of AllowedIPs, for the interface, the routes and wg, and what save makes
 * of it.
 */
import assert from "node:assert/strict";
import { ConfigDocument } from "../../../core/config/document.ts";
import { parseQuickConfig } from "../../../core/config/quick.ts";
import { saveConfig } from "../../../core/config/save.ts";
import { replacementsIn, stripQuickConfig } from "../../../core/config/strip.ts";
import { parseWgConfig } from "../../../core/config/wg.ts";
import { describeAction, describeUndo, planUp } from "../../../core/plan.ts";

const OWN = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
const A = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
const B = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";

const WITHOUT_10 = [
  "0.0.0.0/5",
  "8.0.0.0/7",
  "11.0.0.0/8",
  "12.0.0.0/6",
  "16.0.0.0/4",
  "32.0.0.0/3",
  "64.0.0.0/2",
  "128.0.0.0/1",
];
/** All but 10.0.0.0/8 through one peer, a part of that through another one. */
const FULL = `[Interface]
PrivateKey = ${OWN}
Table = auto

[Peer] # Alice
PublicKey = ${A}
AllowedIPs = 0.0.0.0/0, fd00::/8 # all
disallowedips = 10.0.0.0/8

[Peer]
PublicKey = ${B}
AllowedIPs = 10.9.0.0/16
`;

function parse(text: string) {
  return parseQuickConfig(text, "wg0.conf");
}

function allowed(text: string): string[][] {
  return parse(text).peers.map(({ allowedIps }) => allowedIps.map(String));
}

function routes(text: string): string[] {
  const observed = {
    backend: "userspace",
    tableNames: new Map(),
    isTableUsed: () => false,
    srcValidMark: true,
    dnsManager: () => assert.fail("nobody needs to know"),
    socketsElsewhere: false,
  } as const;
  return planUp(parse(text), "/etc/wireguard/wg0.conf", observed).flatMap(({ action, undo }) => {
    const command = describeAction(action, "wg0") ?? "";
    if (action.kind === "add-throw") {
      assert(undo !== null);
      assert.equal(describeUndo(undo, "wg0"), command.replace(" add ", " delete "));
    }
    return / (route|rule) /.test(command) ? [command.replace(" dev wg0", "")] : [];
  });
}

Deno.test("exclusions are taken out of a peer's AllowedIPs, and those of [Interface] out of all", () => {
  assert.deepEqual(allowed(FULL), [[...WITHOUT_10, "fd00::/8"], ["10.9.0.0/16"]]);
  const everywhere = FULL.replace("Table = auto", "DisallowedIPs = 10.9.128.0/17, 0.0.0.0/1\n");
  assert.deepEqual(allowed(everywhere), [["128.0.0.0/1", "fd00::/8"], []]);
  const { peers } = parse(everywhere);
  assert.deepEqual(peers[1]?.claimedIps?.map(String), ["10.9.0.0/16"]);
  assert.deepEqual(
    parse("[Interface]\nDisallowedIPs=10.0.0.1/8\n").warnings[0]?.message,
    "wg0.conf:2: DisallowedIPs 10.0.0.1/8 has host bits: taken as 10.0.0.0/8",
  );
  assert.throws(() => parse("[Interface]\nDisallowedIPs = 10.0.0.0/8,\n"), {
    message: /^wg0.conf:2: cannot parse DisallowedIPs "10.0.0.0\/8,": expected an IP address$/,
  });
});

Deno.test("what is left of two peers' AllowedIPs belongs to the last of them", () => {
  const text = `[Interface]\nPrivateKey=${OWN}\n[Peer]\nPublicKey=${A}\nAllowedIPs=10.0.0.0/8\n` +
    `DisallowedIPs=10.128.0.0/9\n[Peer]\nPublicKey=${B}\nAllowedIPs=10.0.0.0/9\n`;
  assert.deepEqual(allowed(text), [[], ["10.0.0.0/9"]]);
  assert.match(parse(text).warnings[0]?.message ?? "", /^wg0.conf:7: this peer takes 10.0.0.0\/9/);
});

Deno.test("a default route with exclusions keeps its rules, and its table lets the rest go by", () => {
  assert.deepEqual(routes(FULL), [
    "ip -4 route add 10.9.0.0/16",
    "ip -6 route add fd00::/8",
    // Not 10.9.0.0/16, which the other peer is allowed.
    ...[
      "10.0.0.0/13",
      "10.8.0.0/16",
      "10.10.0.0/15",
      "10.12.0.0/14",
      "10.16.0.0/12",
      "10.32.0.0/11",
      "10.64.0.0/10",
      "10.128.0.0/9",
    ].map((prefix) => `ip -4 route add throw ${prefix} table 51820`),
    "ip -4 route add unreachable default table 51820 metric 4294967295",
    "ip -4 rule add not fwmark 51820 table 51820",
    "ip -4 rule add table main suppress_prefixlength 0",
    "ip -4 route add 0.0.0.0/0 table 51820",
  ]);
  // A table of one's own has no such rules: there the prefixes are what is left.
  assert.deepEqual(
    routes(FULL.replace("Table = auto", "Table = 7").replace(/\[Peer\]\n.*/s, "")).length,
    WITHOUT_10.length + 1,
  );
});

Deno.test("without a default route, only what is left is routed", () => {
  const text = FULL.replace("0.0.0.0/0", "10.0.0.0/7").replace(/\n\[Peer\]\n.*/s, "");
  assert.deepEqual(routes(text), ["ip -6 route add fd00::/8", "ip -4 route add 11.0.0.0/8"]);
});

Deno.test("strip gives wg what is left, in the place of the last line", () => {
  const config = parse(FULL);
  const document = ConfigDocument.parse(FULL, "wg0.conf");
  const stripped = stripQuickConfig(FULL, replacementsIn(document, config));
  assert.equal(
    stripped,
    FULL.replace("Table = auto\n", "")
      .replace(/AllowedIPs = 0.*/, `AllowedIPs = ${[...WITHOUT_10, "fd00::/8"].join(", ")}`)
      .replace(/disallowedips.*\n/, "") + "\n",
  );
  const again = parseWgConfig(stripped, "wg0.conf");
  assert.deepEqual(
    again.peers.map(({ allowedIps }) => allowedIps.map(String)),
    allowed(FULL),
  );
  const apart = `${FULL}[Peer]\nPublicKey = ${A}\nAllowedIPs = +10.1.0.0/16, +12.0.0.0/8\n`;
  const peers = parseWgConfig(
    stripQuickConfig(
      apart,
      replacementsIn(ConfigDocument.parse(apart, "wg0.conf"), parse(apart)),
    ),
    "wg0.conf",
  ).peers;
  assert.deepEqual(peers.map(({ allowedIps }) => allowedIps.map(String)), allowed(apart));
});

Deno.test("save keeps the lines, whatever was computed of them", () => {
  const saved = (change: (allowedIps: string[]) => string[]) => {
    const config = parse(FULL), warnings: string[] = [];
    const peers = config.peers.map(({ publicKey, allowedIps }, i) => ({
      publicKey,
      presharedKey: null,
      allowedIps: i === 0 ? change(allowedIps.map(String)) : allowedIps.map(String),
      endpoint: null,
      persistentKeepalive: 0,
      lastHandshake: { seconds: 0, nanoseconds: 0 },
      receivedBytes: 0,
      sentBytes: 0,
    }));
    const { privateKey = null, addresses } = config.interface;
    const state = { name: "wg0", publicKey: null, privateKey, listenPort: 0, fwmark: 0, peers };
    const text = saveConfig(ConfigDocument.parse(FULL, "wg0.conf"), {
      state,
      addresses,
      mtu: 1420,
    }, {
      addressesOf: () => null,
      readKeyFile: () => assert.fail(),
      warn: (warning) => warnings.push(warning),
    }).toString();
    return [text.match(/^.*AllowedIPs = .*$/m)?.[0], ...warnings];
  };
  assert.deepEqual(saved((all) => all), ["AllowedIPs = 0.0.0.0/0, fd00::/8 # all"]);
  assert.deepEqual(saved((all) => [...all, "fe00::/16"]), [
    "AllowedIPs = 0.0.0.0/0, fd00::/8, fe00::/16 # all",
  ]);
  assert.deepEqual(saved((all) => all.filter((prefix) => !prefix.startsWith("fd"))), [
    "AllowedIPs = 0.0.0.0/0 # all",
  ]);
  assert.deepEqual(saved((all) => all.slice(6)), [
    "AllowedIPs = fd00::/8, 64.0.0.0/2, 128.0.0.0/1 # all",
  ]);
  assert.deepEqual(saved((all) => [...all, "10.2.0.0/16"]), [
    "AllowedIPs = 0.0.0.0/0, fd00::/8 # all",
    "wg0.conf:5: the running peer's allowed IP 10.2.0.0/16 isn't saved: DisallowedIPs exclude it",
  ]);
});
