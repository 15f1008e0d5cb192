/** Files of the wg(8) dialect, and what is said of those that are none. */
import assert from "node:assert/strict";
import { formatUapiChange } from "../../../core/uapi/change_request.ts";
import { parseWgFile } from "../../../core/wg/config.ts";
import { WgEnvironmentError, WgError } from "../../../core/wg/error.ts";
import { TestSurroundings } from "./surroundings.ts";

const bytes = (byte: number) => new Uint8Array(32).fill(byte);
const KEY = bytes(1).toBase64(), OTHER = bytes(2).toBase64();
const HEX = bytes(1).toHex(), OTHER_HEX = bytes(2).toHex();

/** The request that `wg` would send for a file, without its first and last line. */
function request(text: string, mode: "add" | "replace" = "add"): string {
  const decoder = new TextDecoder();
  const change = parseWgFile(text, mode, new TestSurroundings());
  const chunks = Array.from(formatUapiChange(change), (chunk) => decoder.decode(chunk));
  return chunks.join("").slice("set=1\n".length, -1);
}

/** What is printed about a file that is refused. */
function complaint(text: string): string {
  try {
    parseWgFile(text, "replace", new TestSurroundings());
  } catch (error) {
    assert.ok(error instanceof WgError, String(error));
    return error.message;
  }
  assert.fail(`accepted: ${text}`);
}

Deno.test("all that a file can say is in its change", () => {
  assert.equal(
    request(`[Interface]
ListenPort = 51820
FwMark = 0xcafe
PrivateKey = ${KEY}

[Peer]
PublicKey = ${KEY}
PresharedKey = ${OTHER}
AllowedIPs = 10.0.0.0/8, fd00::1
Endpoint = 192.0.2.1:51820
PersistentKeepalive = 25
[Peer]
PublicKey = ${OTHER}
`),
    `private_key=${HEX}
fwmark=51966
listen_port=51820
public_key=${HEX}
preshared_key=${OTHER_HEX}
endpoint=192.0.2.1:51820
persistent_keepalive_interval=25
replace_allowed_ips=true
allowed_ip=10.0.0.0/8
allowed_ip=fd00::1/128
public_key=${OTHER_HEX}
replace_allowed_ips=true
`,
  );
});

Deno.test("a file that is added says nothing else; one that replaces clears the rest", () => {
  const cleared = `private_key=${bytes(0).toHex()}\nfwmark=0\nlisten_port=0\nreplace_peers=true\n`;
  for (const nothing of ["", "\n", "# nothing\n", "[Interface]", "[Interface]\n[interface]\n"]) {
    assert.equal(request(nothing), "");
    assert.equal(request(nothing, "replace"), cleared);
  }
});

Deno.test("white space and case count nowhere, comments and what is behind a NUL neither", () => {
  const same = [
    `[Interface]\nListenPort=123\n[Peer]\nPublicKey=${KEY}\nAllowedIPs=10.0.0.0/8,10.0.0.1`,
    `  [ Inter face ] # x\n\tL i s t e n P o r t\t=\v1 2 3\f\r\n[P e e r]\n` +
    `PublicKey=${KEY.slice(0, 9)} ${KEY.slice(9)}\nallowedips = 1 0.0.0.0 / 8 , 10.0.0.1\n\n`,
    `[INTERFACE]\0x\nLISTENPORT=123\0x456\n#[Peer]\n[pEER]#x\npublickey=${KEY}\0#\n` +
    `AllowedIPs=10.0.0.0/8 # ,10.2.0.0/16\nALLOWEDIPS=10.0.0.1`,
  ];
  for (const text of same) assert.equal(request(text), request(same[0] ?? ""), text);
});

Deno.test("of a value that comes again the last counts; allowed IPs add up", () => {
  assert.equal(
    request(
      `[Interface]\nFwMark=1\nFwMark=off\n[Peer]\nPublicKey=${KEY}\nPublicKey=${OTHER}\n` +
        `AllowedIPs=10.0.0.0/8\nPersistentKeepalive=1\nPersistentKeepalive=OFF\nAllowedIPs=::/0\n` +
        `[Interface]\nListenPort=domain\n`,
    ),
    `fwmark=0\nlisten_port=53\npublic_key=${OTHER_HEX}\npersistent_keepalive_interval=0\n` +
      `replace_allowed_ips=true\nallowed_ip=10.0.0.0/8\nallowed_ip=::/0\n`,
  );
});

Deno.test("a peer that comes again is a change of its own", () => {
  const peer = `public_key=${HEX}\nreplace_allowed_ips=true\n`;
  assert.equal(request(`[Peer]\nPublicKey=${KEY}\n[Peer]\nPublicKey=${KEY}\n`), peer + peer);
});

Deno.test("allowed IPs with a sign change what a peer has", () => {
  const ips = (text: string) =>
    request(`[Peer]\nPublicKey=${KEY}\n${text}`).split("\n").slice(1, -1);
  assert.deepEqual(ips("AllowedIPs=+10.0.0.0/8,-fd00::"), [
    "allowed_ip=10.0.0.0/8",
    "allowed_ip=-fd00::/128",
  ]);
  // One sign is enough, wherever it is in the list.
  assert.deepEqual(ips("AllowedIPs=10.0.0.0/8,-10.0.0.1"), [
    "allowed_ip=10.0.0.0/8",
    "allowed_ip=-10.0.0.1/32",
  ]);
  // The last list decides.
  assert.deepEqual(ips("AllowedIPs=+10.0.0.0/8\nAllowedIPs=10.0.0.1"), [
    "replace_allowed_ips=true",
    "allowed_ip=10.0.0.0/8",
    "allowed_ip=10.0.0.1/32",
  ]);
});

Deno.test("host bits are told of as they are written, and sent", () => {
  const surroundings = new TestSurroundings();
  const text = `[Peer]\nPublicKey=${KEY}\nAllowedIPs = 10.0.0.1/024, fd00::1/64, +10.1.0.1/16`;
  const { peers } = parseWgFile(text, "add", surroundings);
  assert.deepEqual(surroundings.warnings, [
    "Warning: AllowedIP has nonzero host part: 10.0.0.1/024",
    "Warning: AllowedIP has nonzero host part: fd00::1/64",
    "Warning: AllowedIP has nonzero host part: 10.1.0.1/16",
  ]);
  assert.equal(String(peers[0]?.allowedIps.changes()[0]?.prefix), "10.0.0.1/24");
});

const UNRECOGNIZED: Readonly<Record<string, string>> = {
  "x": "x",
  "[Interface": "[Interface",
  "[[Interface]]": "[[Interface]]",
  "[Inter faces ] # x": "[Interfaces]",
  "ListenPort = 1": "ListenPort=1",
  "[Interface]\nListenPort 1": "ListenPort1",
  "[Interface]\nListenPort": "ListenPort",
  "[Interface]\nListenPort =": "ListenPort=",
  "[Interface]\nPrivateKey = # x": "PrivateKey=",
  "[Interface]\n= 1": "=1",
  "[Interface]\n=": "=",
  "[Interface]\nPublicKey = x": "PublicKey=x",
  "[Interface]\nAddress = 10.0.0.1/24": "Address=10.0.0.1/24",
  "[Interface]\nconstructor = 1": "constructor=1",
  "[Interface]\n; x": ";x",
  "[Peer]\nAllowedIPs =": "AllowedIPs=",
  "[Peer]\nEndpoint =": "Endpoint=",
  "[Peer]\nListenPort = 1": "ListenPort=1",
  "\ufeff[Interface]": "\ufeff[Interface]",
};

Deno.test("a line that means nothing is repeated without white space", () => {
  for (const [text, line] of Object.entries(UNRECOGNIZED)) {
    assert.equal(
      complaint(text),
      `Line unrecognized: \`${line}'\nConfiguration parsing error`,
      text,
    );
  }
});

const WRONG_VALUES: Readonly<Record<string, string>> = {
  "[Interface]\nListenPort = -1": "Servname not supported for ai_socktype: `-1'",
  "[Interface]\nListenPort = 65536": "Servname not supported for ai_socktype: `65536'",
  "[Interface]\nFwMark = 0x": "Fwmark is neither 0/off nor 0-0xffffffff: `0x'",
  "[Interface]\nFwMark = 0X1": "Fwmark is neither 0/off nor 0-0xffffffff: `0X1'",
  "[Interface]\nFwMark = 4294967296": "Fwmark is neither 0/off nor 0-0xffffffff: `4294967296'",
  "[Interface]\nFwMark = -1": "Fwmark is neither 0/off nor 0-0xffffffff: `-1'",
  [`[Peer]\nPublicKey = ${KEY}x`]: `Key is not the correct length or format: \`${KEY}x'`,
  "[Peer]\nPublicKey = x": "Key is not the correct length or format: `x'",
  "[Peer]\nPersistentKeepalive = 65536":
    "Persistent keepalive interval is neither 0/off nor 1-65535: `65536'",
  "[Peer]\nPersistentKeepalive = 1s":
    "Persistent keepalive interval is neither 0/off nor 1-65535: `1s'",
  "[Peer]\nEndpoint = 192.0.2.1": "Unable to find port of endpoint: `192.0.2.1'",
  "[Peer]\nEndpoint = 192.0.2.1:": "Unable to find port of endpoint: `192.0.2.1:'",
  "[Peer]\nEndpoint = [::1]": "Unable to find port of endpoint: `[::1]'",
  "[Peer]\nEndpoint = [::1]1": "Unable to find port of endpoint: `[::1]1'",
  "[Peer]\nEndpoint = [::1:1": "Unable to find matching brace of endpoint: `[::1:1'",
  "[Peer]\nEndpoint = vpn.example:1": "Name or service not known: `vpn.example:1'",
  "[Peer]\nAllowedIPs = 10.0.0.0/8,": "Unable to parse IP address: `'",
  "[Peer]\nAllowedIPs = 10/8": "Unable to parse IP address: `10'",
  "[Peer]\nAllowedIPs = host/255": "Unable to parse IP address: `host'",
  "[Peer]\nAllowedIPs = ++10.0.0.1": "Unable to parse IP address: `+10.0.0.1'",
  "[Peer]\nAllowedIPs = 10.0.0.0/": "AllowedIP is not in the correct format: `10.0.0.0/'",
  "[Peer]\nAllowedIPs = 10.0.0.0/33": "AllowedIP is not in the correct format: `10.0.0.0/33'",
  "[Peer]\nAllowedIPs = -::/129": "AllowedIP is not in the correct format: `::/129'",
  "[Peer]\nAllowedIPs = 10.0.0.0/8/8": "AllowedIP is not in the correct format: `10.0.0.0/8/8'",
};

Deno.test("a value that is wrong is told of in wg's words", () => {
  for (const [text, words] of Object.entries(WRONG_VALUES)) {
    assert.equal(complaint(text), `${words}\nConfiguration parsing error`, text);
  }
});

Deno.test("every peer needs a public key", () => {
  const words = "A peer is missing a public key\nInvalid configuration";
  assert.equal(complaint("[Peer]"), words);
  assert.equal(complaint(`[Peer]\n[Peer]\nPublicKey=${KEY}`), words);
  assert.equal(complaint(`[Peer]\nPublicKey=${KEY}\n[Peer]\nAllowedIPs=10.0.0.0/8`), words);
});

Deno.test("no message repeats a secret, nor what may be one", () => {
  const secret = KEY.slice(0, 43);
  for (
    const line of [
      `[Interface]\nPrivateKey = ${secret}`,
      `[Interface]\nPrivateKey = ${KEY}${KEY}`,
      `[Peer]\nPresharedKey = ${secret}`,
      `[Peer]\nPresharedKey = ${secret}!`,
      `[Interface]\nPrivatKey = ${KEY}`,
      `[Interface]\n${KEY}`,
      `PrivateKey = ${KEY}`,
    ]
  ) {
    const words = complaint(line);
    assert.ok(!words.includes(secret.slice(0, 20)), words);
    assert.match(words, /\(hidden\)/);
  }
});

Deno.test("what isn't the file's fault is told of without it", () => {
  const surroundings = Object.assign(new TestSurroundings(), {
    resolve: () => {
      throw new WgEnvironmentError("Unable to parse it");
    },
  });
  assert.throws(
    () => parseWgFile("[Peer]\nEndpoint=a:1", "add", surroundings),
    { message: "Unable to parse it" },
  );
});
