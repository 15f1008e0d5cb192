/** The arguments of `wg set`. */
import assert from "node:assert/strict";
import { parseWgSet } from "../../../core/wg/arguments.ts";
import { formatUapiChange } from "../../../core/uapi/change_request.ts";
import { WgError } from "../../../core/wg/error.ts";
import { TestSurroundings } from "./surroundings.ts";

const bytes = (byte: number) => new Uint8Array(32).fill(byte);
const KEY = bytes(1).toBase64(), OTHER = bytes(2).toBase64();
const HEX = bytes(1).toHex(), OTHER_HEX = bytes(2).toHex();
const hexOf = (letter: string) => bytes(letter.charCodeAt(0)).toHex();

/** The request that `wg` would send, without its first and last line. */
function request(...args: string[]): string {
  const decoder = new TextDecoder();
  const change = parseWgSet(args, new TestSurroundings());
  const chunks = Array.from(formatUapiChange(change), (chunk) => decoder.decode(chunk));
  return chunks.join("").slice("set=1\n".length, -1);
}

function complaint(...args: string[]): string {
  try {
    parseWgSet(args, new TestSurroundings());
  } catch (error) {
    assert.ok(error instanceof WgError, String(error));
    return error.message;
  }
  assert.fail(`accepted: ${args}`);
}

Deno.test("all that can be set is in the change", () => {
  assert.equal(
    request(
      ...["listen-port", "51820", "fwmark", "off", "private-key", "k"],
      ...["peer", KEY, "preshared-key", "p", "endpoint", "[2001:db8::1]:1"],
      ...["persistent-keepalive", "25", "allowed-ips", "10.0.0.0 / 8, ::/0"],
      ...["peer", OTHER],
    ),
    `private_key=${hexOf("k")}
fwmark=0
listen_port=51820
public_key=${HEX}
preshared_key=${hexOf("p")}
endpoint=[2001:db8::1]:1
persistent_keepalive_interval=25
replace_allowed_ips=true
allowed_ip=10.0.0.0/8
allowed_ip=::/0
public_key=${OTHER_HEX}
`,
  );
});

Deno.test("a peer is removed, whatever else is said of it", () => {
  for (
    const rest of [["remove"], ["remove", "remove"], ["allowed-ips", "::/0", "remove"], [
      "remove",
      "endpoint",
      "192.0.2.1:1",
    ]]
  ) {
    assert.equal(request("peer", KEY, ...rest), `public_key=${HEX}\nremove=true\n`);
  }
});

Deno.test("an empty list of allowed IPs clears them, signs change them", () => {
  const ips = (...lists: string[]) =>
    request("peer", KEY, ...lists.flatMap((list) => ["allowed-ips", list])).split("\n").slice(
      1,
      -1,
    );
  assert.deepEqual(ips(), []);
  assert.deepEqual(ips(""), ["replace_allowed_ips=true"]);
  assert.deepEqual(ips(" "), ["replace_allowed_ips=true"]);
  assert.deepEqual(ips("+10.0.0.0/8, - ::/0"), ["allowed_ip=10.0.0.0/8", "allowed_ip=-::/0"]);
  assert.deepEqual(ips("10.0.0.0/8", "+::/0"), ["allowed_ip=10.0.0.0/8", "allowed_ip=::/0"]);
  assert.deepEqual(ips("+10.0.0.0/8", ""), ["replace_allowed_ips=true", "allowed_ip=10.0.0.0/8"]);
});

Deno.test("what is no argument where it stands is named", () => {
  const cases: [string, string[]][] = [
    ["nonsense", ["nonsense"]],
    ["nonsense", ["nonsense", "1"]],
    ["", [""]],
    ["listen-port", ["listen-port"]],
    ["fwmark", ["listen-port", "1", "fwmark"]],
    ["peer", ["peer"]],
    ["peer", ["peer", KEY, "peer"]],
    ["remove", ["remove"]],
    ["remove", ["remove", "peer", KEY]],
    ["endpoint", ["endpoint", "192.0.2.1:1"]],
    ["allowed-ips", ["allowed-ips", "::/0", "peer", KEY]],
    ["listen-port", ["peer", KEY, "listen-port", "1"]],
    ["private-key", ["peer", KEY, "private-key", "k"]],
    ["preshared-key", ["preshared-key", "p"]],
    ["Peer", ["Peer", KEY]],
    ["constructor", ["peer", KEY, "constructor", "1"]],
  ];
  for (const [name, args] of cases) assert.equal(complaint(...args), `Invalid argument: ${name}`);
});

Deno.test("values that are wrong are told of in wg's words", () => {
  const cases: [string, string[]][] = [
    ["Unable to parse empty port", ["listen-port", ""]],
    ["Servname not supported for ai_socktype: ` 1'", ["listen-port", " 1"]],
    ["Fwmark is neither 0/off nor 0-0xffffffff: `'", ["fwmark", ""]],
    ["Fwmark is neither 0/off nor 0-0xffffffff: `1 '", ["fwmark", "1 "]],
    ["fopen: No such file or directory", ["private-key", "missing"]],
    ["Key is not the correct length or format: ` x'", ["peer", " x"]],
    [`Key is not the correct length or format: \`${KEY} '`, ["peer", `${KEY} `]],
    ["Unable to parse empty endpoint", ["peer", KEY, "endpoint", ""]],
    ["Unable to find port of endpoint: `a'", ["peer", KEY, "endpoint", "a"]],
    ["Name or service not known: `a b:1'", ["peer", KEY, "endpoint", "a b:1"]],
    [
      "Persistent keepalive interval is neither 0/off nor 1-65535: `'",
      ["peer", KEY, "persistent-keepalive", ""],
    ],
    ["Unable to parse IP address: `ab'", ["peer", KEY, "allowed-ips", "a b"]],
  ];
  for (const [words, args] of cases) assert.equal(complaint(...args), words);
});
