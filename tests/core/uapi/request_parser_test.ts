import assert from "node:assert/strict";
import fc from "fast-check";
import { UapiAllowedIpLine } from "../../../core/uapi/allowed_ip_line.ts";
import { EINVAL, EIO, EPROTO, type UapiEvent } from "../../../core/uapi/command.ts";
import { DEVICE_LINES, KEY_HEX, PEER_LINES } from "./wrong_lines.ts";
import { IpAddress, IpPrefix } from "../../../core/ip.ts";
import { SHOW_FIELDS } from "../../../core/show/field_names.ts";
import { formatPrintRequest } from "../../../core/uapi/print_request.ts";
import { MAX_LINE_LENGTH, UapiRequestParser } from "../../../core/uapi/request_parser.ts";

const KEY = Uint8Array.from({ length: 32 }, (_, i) => (i % 16) * 0x11);

/**
 * Feeds `text` in pieces of `step` bytes; the events as plain text, which is easy to compare.
 * `drainAllowedIps` is called before each event.
 */
function events(
  text: string,
  step = text.length,
  close = false,
  drainAllowedIps = (_parser: UapiRequestParser, _found: string[]): void => {},
): string[] {
  const parser = new UapiRequestParser();
  const bytes = new TextEncoder().encode(text);
  const found: string[] = [];
  const drain = () => {
    for (;;) {
      drainAllowedIps(parser, found);
      const event = parser.next();
      if (event === null) return;
      found.push(describe(event));
    }
  };
  for (let at = 0; at < bytes.length; at += Math.max(1, step)) {
    parser.push(bytes.subarray(at, at + Math.max(1, step)));
    drain();
  }
  if (close) {
    parser.close();
    drain();
  }
  return found;
}

function describe(event: UapiEvent): string {
  switch (event.kind) {
    case "private_key":
    case "public_key":
    case "preshared_key":
      assert.deepEqual(event.value, KEY);
      return event.kind;
    case "endpoint":
      return `endpoint ${event.value.address} ${event.value.port} ${event.value.zone}`.trim();
    case "allowed_ip":
      return `allowed_ip ${event.remove ? "-" : ""}${event.value}`;
    case "error":
      return `error ${event.errno}`;
    default:
      return "value" in event ? `${event.kind} ${event.value}` : event.kind;
  }
}

const REQUEST = `set=1
private_key=${KEY_HEX}
listen_port=51820
fwmark=4294967295
replace_peers=true
public_key=${KEY_HEX}
update_only=true
remove=true
preshared_key=${KEY_HEX}
endpoint=192.0.2.1:51820
endpoint=[fe80::1%eth0]:1
persistent_keepalive_interval=65535
replace_allowed_ips=true
allowed_ip=10.0.0.0/8
allowed_ip=-fd00::1/64
protocol_version=1

get=1

status=1

`;
const EVENTS = [
  "set",
  "private_key",
  "listen_port 51820",
  "fwmark 4294967295",
  "replace_peers",
  "public_key",
  "update_only",
  "remove",
  "preshared_key",
  "endpoint 192.0.2.1 51820",
  "endpoint fe80::1 1 eth0",
  "persistent_keepalive_interval 65535",
  "replace_allowed_ips",
  "allowed_ip 10.0.0.0/8",
  "allowed_ip -fd00::1/64",
  "protocol_version",
  "end",
  "get",
  "status",
];

Deno.test("UapiRequestParser reads every key, whatever pieces the bytes come in", () => {
  for (const step of [1, 2, 3, 7, 64, 100, 4096]) assert.deepEqual(events(REQUEST, step), EVENTS);
});

Deno.test("UapiRequestParser answers wrong lines with wireguard-go's errno", () => {
  for (const [line, errno] of DEVICE_LINES) {
    assert.deepEqual(events(`set=1\n${line}\n`), ["set", `error ${errno}`], line);
  }
  for (const [line, errno] of PEER_LINES) {
    const expected = ["set", "public_key", `error ${errno}`];
    assert.deepEqual(events(`set=1\npublic_key=${KEY_HEX}\n${line}\n`), expected, line);
  }
});

Deno.test("UapiRequestParser names an unknown key, unless it may be a piece of a secret", () => {
  const problemOf = (line: string) => {
    const parser = new UapiRequestParser();
    parser.push(new TextEncoder().encode(`set=1\n${line}\n`));
    parser.next();
    const event = parser.next();
    return event?.kind === "error" ? event.problem : null;
  };
  assert.equal(problemOf("private_keys=00"), 'unknown device key "private_keys"');
  // A key in base64 ends with an equals sign.
  assert.equal(problemOf(`${"Ab".repeat(21)}c=`), "unknown device key of 43 characters");
  assert.equal(problemOf(`${KEY_HEX}=1`), "unknown device key of 64 characters");
  assert.equal(problemOf("\x1b[2J=1"), "unknown device key of 4 characters");
});

Deno.test("UapiRequestParser takes no prefix length with leading zeros", () => {
  // Nor does Go's netip.ParsePrefix today; that of Debian 12's wireguard-go still did.
  const request = `set=1\npublic_key=${KEY_HEX}\nallowed_ip=10.0.0.0/08\n`;
  assert.deepEqual(events(request), ["set", "public_key", `error ${EINVAL}`]);
});

Deno.test("UapiRequestParser skips the rest of a wrong request and reads the next", () => {
  assert.deepEqual(
    events("set=1\nlisten_port=1\nnonsense\nfwmark=3\n\nset=1\nfwmark=4\n\nget=1\n\n", 5),
    ["set", "listen_port 1", `error ${EPROTO}`, "set", "fwmark 4", "end", "get"],
  );
  for (const operation of ["get", "status"]) {
    const request = `${operation}=1\n`;
    const expected = [`error ${EINVAL}`, operation];
    assert.deepEqual(events(`${request}x\n\n${request}\n`), expected);
  }
});

Deno.test("UapiRequestParser.refuse skips the rest of the request", () => {
  const parser = new UapiRequestParser();
  parser.push(new TextEncoder().encode("set=1\nlisten_port=1\nfwmark=2\n\nget=1\n\n"));
  assert.equal(parser.next()?.kind, "set");
  assert.equal(parser.next()?.kind, "listen_port");
  parser.refuse();
  assert.equal(parser.next()?.kind, "get");
  assert.equal(parser.next(), null);
  assert.equal(parser.idle, true);
});

Deno.test("UapiRequestParser reads what is to be printed", () => {
  const parser = new UapiRequestParser();
  const read = (text: string) => {
    parser.push(new TextEncoder().encode(text));
    return parser.next();
  };
  const nothing = { name: "wg0", prefixed: false, showKeys: false, color: false };
  for (const format of ["show", "showconf", ...SHOW_FIELDS] as const) {
    for (const flag of [null, "prefixed", "showKeys", "color"] as const) {
      const request = { ...nothing, format, ...(flag === null ? {} : { [flag]: true }) };
      assert.deepEqual(read(formatPrintRequest(request)), { kind: "print", request });
    }
  }
  const all = { format: "dump", name: "a=b", prefixed: true, showKeys: true, color: true } as const;
  assert.deepEqual(read(formatPrintRequest(all)), { kind: "print", request: all });
  assert.deepEqual(read("print=show\nname=wg0\n\n"), {
    kind: "print",
    request: { ...nothing, format: "show" },
  });
});

Deno.test("UapiRequestParser refuses to print what it can't", () => {
  const wrong = [
    "",
    "name=",
    `name=${"x".repeat(16)}`,
    "name=a b",
    "name=a\tb",
    "name=\x1b[0m",
    "name=é",
  ]
    .concat(
      "name",
      "prefixed=false",
      "name=wg0\nshow_keys=1",
      "name=wg0\ncolor=always",
      "name=a\nx",
    );
  for (const lines of wrong) {
    const found = events(`print=show\n${lines}${lines === "" ? "" : "\n"}\nget=1\n\n`, 1);
    assert.deepEqual(found, [`error ${EINVAL}`, "get"], lines);
  }
});

Deno.test("UapiRequestParser closes on anything but an operation", () => {
  for (
    const line of [
      "",
      "get=2",
      "set=0",
      "status=2",
      "status=11",
      "print=1",
      "print=",
      "print=show ",
      "print=interfaces",
      "GET / HTTP/1.1",
      "get=1 ",
      "x".repeat(2000),
    ]
  ) {
    assert.deepEqual(events(line + "\n", 100).slice(0, 1), ["close"], line);
  }
});

Deno.test("UapiRequestParser takes the end of the input for the end of a set", () => {
  assert.deepEqual(events("set=1\nfwmark=4", 1, true), ["set", "fwmark 4", "end"]);
  assert.deepEqual(events("set=1\n", 1, true), ["set", "end"]);
  assert.deepEqual(events("get=1\n", 1, true), []);
  assert.deepEqual(events("set=1\nbad\nrest", 1, true), ["set", `error ${EPROTO}`]);
  assert.deepEqual(events("", 1, true), []);
});

Deno.test("UapiRequestParser bounds the length of a line", () => {
  const longest = "k".repeat(MAX_LINE_LENGTH - 2) + "=1";
  for (const step of [1, 100, 5000]) {
    assert.deepEqual(events(`set=1\n${longest}\n`, step), ["set", `error ${EINVAL}`]);
    const tooLong = `set=1\n${longest}1${"2".repeat(3 * MAX_LINE_LENGTH)}\nmore\n\nget=1\n\n`;
    assert.deepEqual(events(tooLong, step), ["set", `error ${EIO}`, "get"]);
  }
});

Deno.test("UapiRequestParser accepts any bytes without throwing", () => {
  const noise = fc.array(fc.oneof(
    fc.constantFrom(
      "set=1\n",
      "get=1\n",
      "status=1\n",
      "\n",
      "=",
      `public_key=${KEY_HEX}\n`,
      "allowed_ip=",
    ),
    fc.string({ unit: "binary" }),
  )).map((parts) => parts.join(""));
  fc.assert(fc.property(noise, fc.integer({ min: 1, max: 50 }), (text, step) => {
    assert.deepEqual(upToClose(events(text, step, true)), upToClose(events(text, 9999, true)));
  }));
});

Deno.test("UapiRequestParser.readAllowedIp reads what next reads, or nothing", () => {
  let read = 0;
  const drainAllowedIps = (parser: UapiRequestParser, found: string[]) => {
    const line = new UapiAllowedIpLine();
    while (parser.readAllowedIp(line)) {
      const value = new IpPrefix(IpAddress.fromBytes(line.address), line.prefixLength);
      found.push(describe({ kind: "allowed_ip", value, remove: line.remove }));
      read++;
    }
  };
  const number = fc.oneof(
    fc.nat(255).map(String),
    fc.nat(32).map(String),
    fc.constantFrom("", "0", "00", "01", "-1", "256", "999", "1000", "a", " 1", "33"),
  );
  const mostly = (usual: string, other: fc.Arbitrary<string>) =>
    fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
  const junk = fc.string({ maxLength: 2 });
  const prefix = fc.tuple(
    mostly("", fc.constantFrom("-", "--", "+", " ")),
    fc.tuple(number, number, number, fc.nat(255).map(String)).map((parts) => parts.join(".")),
    mostly("/", junk),
    fc.oneof(fc.nat(32).map(String), number),
    mostly("", junk),
  ).map((parts) => parts.join(""));
  const plain = fc.oneof(
    fc.tuple(fc.ipV4(), fc.nat(33)),
    fc.tuple(ipv6(), fc.nat(129)),
  ).map(([ip, length]) => `${ip}/${length}`);
  const values = fc.oneof(plain, plain.map((text) => `-${text}`), prefix);
  const lines = fc.array(
    fc.tuple(mostly("allowed_ip", fc.constantFrom("allowed_ips", "name", "")), values)
      .map(([key, value]) => `${key}=${value}`),
    { maxLength: 8 },
  );
  const peer = fc.constantFrom(`public_key=${KEY_HEX}\n`, "");
  fc.assert(
    fc.property(peer, lines, fc.integer({ min: 1, max: 60 }), (peer, lines, step) => {
      const text = `set=1\n${peer}${lines.join("\n")}\n\nget=1\n\n`;
      assert.deepEqual(events(text, step, true, drainAllowedIps), events(text, 9999, true));
    }),
    { numRuns: 3000 },
  );
  assert.ok(read > 500);
});

/** IPv6 addresses, and what looks like one: of groups and colons. */
function ipv6(): fc.Arbitrary<string> {
  const group = fc.oneof(
    { weight: 3, arbitrary: fc.nat(0xffff).map((value) => value.toString(16)) },
    { weight: 1, arbitrary: fc.constantFrom("", "0", "00FF", "Ab", "12345", "g", "1.2.3.4") },
  );
  return fc.oneof(fc.ipV6(), fc.array(group, { maxLength: 9 }).map((groups) => groups.join(":")));
}

/** What follows "close" is never read. */
function upToClose(found: string[]): string[] {
  const close = found.indexOf("close");
  return close < 0 ? found : found.slice(0, close);
}
