import assert from "node:assert/strict";
import { formatShowField } from "../../../core/show/fields.ts";
import { SHOW_FIELDS } from "../../../core/show/field_names.ts";
import { formatShow } from "../../../core/show/pretty.ts";
import { formatShowconf } from "../../../core/show/showconf.ts";
import { UapiError } from "../../../core/uapi/client.ts";
import { IpAddress, IpPrefix } from "../../../core/ip.ts";
import { UapiAllowedIpLine } from "../../../core/uapi/allowed_ip_line.ts";
import type { UapiEvent } from "../../../core/uapi/command.ts";
import { UapiGetReader } from "../../../core/uapi/get_reader.ts";
import { parseUapiGet } from "../../../core/uapi/parse_get.ts";
import { readUsualLines } from "../../../core/uapi/usual_lines.ts";
import { UapiRequestParser } from "../../../core/uapi/request_parser.ts";
import { parseUapiStatus } from "../../../core/uapi/status.ts";
import { SeededRandom } from "../../core/seeded_random.ts";
import { DEVICE_LINES, KEY_HEX, PEER_LINES } from "../../core/uapi/wrong_lines.ts";
import { mutateText, pick } from "../mutate.ts";
import type { Input, Target } from "../target.ts";
import { VALID, WRONG } from "../words.ts";

const WRONG_LINES = [...DEVICE_LINES, ...PEER_LINES].map(([line]) => line);
const NUMBERS = ["0", "1", "65535", "65536", "4294967295", "4294967296", "18446744073709551615"]
  .concat("9007199254740993", "-1", "", "0x10", "1e3", "00");
const ENDPOINTS = [
  ...VALID.endpoint,
  ...WRONG.endpoint,
  "[fe80::1%2]:51820",
  "[::ffff:192.0.2.1]:1",
];
const NAMED_ENDPOINTS = [
  "",
  "a.example:1",
  "a%2eexample%3a1",
  "%5B%3A%3A1%5D%3A7",
  "%zz",
  "a",
  "a:0",
];
const KEYS = [KEY_HEX, "0".repeat(64), "f".repeat(64), KEY_HEX.slice(1), "g".repeat(64), ""];

const DEVICE_VALUES: Record<string, readonly string[]> = {
  private_key: KEYS,
  listen_port: NUMBERS,
  fwmark: NUMBERS,
  replace_peers: ["true", "false"],
  name_servers: ["", "192.0.2.1:53", "192.0.2.1:53,[fe80::1%eth0]:53", "192.0.2.1:53,", "x"],
  follow_system_resolver: ["true", "false", "yes"],
  reresolve_interval: NUMBERS,
};
const PEER_VALUES: Record<string, readonly string[]> = {
  preshared_key: KEYS,
  endpoint: ENDPOINTS,
  persistent_keepalive_interval: NUMBERS,
  replace_allowed_ips: ["true", ""],
  allowed_ip: [...VALID.prefix, ...WRONG.prefix, "-10.0.0.0/8", "-::/0", "+10.0.0.0/8"],
  update_only: ["true", "1"],
  remove: ["true", "false"],
  protocol_version: ["1", "2"],
  endpoint_address: ENDPOINTS,
  fallback_endpoint: NAMED_ENDPOINTS,
  endpoint_name: NAMED_ENDPOINTS,
  name: ["Alice", "a%20b", "%0a", "%zz", "%", "é", "x".repeat(100)],
};

const PRINTED = ["show", "showconf", "dump", "transfer", "peers", "nothing", ""];
const PRINT_VALUES: Record<string, readonly string[]> = {
  name: ["wg0", "a=b", "", "x".repeat(15), "x".repeat(16), "a b", "é"],
  prefixed: ["true", "true", "false"],
  show_keys: ["true", "true", ""],
  color: ["true", "true", "always"],
};

function lines(
  random: SeededRandom,
  values: Record<string, readonly string[]>,
  most: number,
): string[] {
  return Array.from({ length: random.below(most) }, () => {
    if (random.chance(3)) return pick(random, WRONG_LINES);
    const key = pick(random, Object.keys(values));
    return `${key}=${pick(random, values[key] ?? [""])}`;
  });
}

/** Requests to the control socket, as bytes that come in pieces. */
export const uapiServer: Target = {
  name: "uapi-server",
  sources: [
    "core/uapi/request_parser.ts",
    "core/uapi/allowed_ip_line.ts",
    "core/uapi/named_endpoints.ts",
    "core/uapi/print_request.ts",
  ]
    .concat("core/uapi/values.ts", "core/peer_name.ts"),
  generate(random: SeededRandom): Uint8Array {
    const requests = Array.from({ length: 1 + random.below(3) }, () => request(random));
    const text = requests.join("");
    const changed = random.chance(60) ? text : mutateText(random, text, WRONG_LINES);
    return new TextEncoder().encode(changed);
  },
  run(input: Input): boolean {
    assert(input instanceof Uint8Array);
    const whole = events(input, [input.length]);
    const random = new SeededRandom(input.length);
    const pieces: number[] = [];
    for (let at = 0; at < input.length;) {
      at += 1 + random.below(random.chance(50) ? 3 : 200);
      pieces.push(Math.min(at, input.length));
    }
    assert.deepEqual(events(input, pieces), whole, "pieces are read in another way than the whole");
    const direct = events(input, pieces, new UapiAllowedIpLine());
    assert.deepEqual(direct, whole, "allowed IPs are read in another way than other lines");
    assert(whole.length <= input.length + 1, "more events than bytes");
    return !whole.some(({ kind }) => kind === "error" || kind === "close");
  },
};

function request(random: SeededRandom): string {
  if (random.chance(10)) {
    const text = [`print=${pick(random, PRINTED)}`, ...lines(random, PRINT_VALUES, 4)];
    return text.join("\n") + "\n\n";
  }
  if (random.chance(10)) return pick(random, ["get=1\n\n", "status=1\n\n", "get=1\nx=1\n\n", "\n"]);
  const text = ["set=1", ...lines(random, DEVICE_VALUES, 3)];
  for (let peers = random.below(3); peers > 0; peers--) {
    text.push(`public_key=${random.chance(95) ? KEY_HEX : pick(random, KEYS)}`);
    text.push(...lines(random, PEER_VALUES, 4));
  }
  if (random.chance(1)) text.push("x".repeat(1000 + random.below(100)));
  return text.join("\n") + "\n\n";
}

/** What is read of `bytes` that come in parts up to `ends`; with `line`, allowed IPs are read into it. */
function events(
  bytes: Uint8Array,
  ends: readonly number[],
  line: UapiAllowedIpLine | null = null,
): UapiEvent[] {
  const parser = new UapiRequestParser();
  const found: UapiEvent[] = [];
  let start = 0;
  for (const end of [...ends, -1]) {
    if (end < 0) parser.close();
    else parser.push(bytes.subarray(start, end));
    start = end;
    for (;;) {
      while (line !== null && parser.readAllowedIp(line)) found.push(eventOf(line));
      const event = parser.next();
      if (event === null) break;
      found.push(copyOf(event));
      if (event.kind === "close") return found;
    }
  }
  return found;
}

function eventOf({ address, prefixLength, remove }: UapiAllowedIpLine): UapiEvent {
  const value = new IpPrefix(IpAddress.fromBytes(address.slice()), prefixLength);
  return { kind: "allowed_ip", value, remove };
}

/** A secret is good until the next event only. */
function copyOf(event: UapiEvent): UapiEvent {
  const isSecret = event.kind === "private_key" || event.kind === "preshared_key";
  return isSecret ? { ...event, value: event.value.slice() } : event;
}

const ANSWER_VALUES: Record<string, readonly string[]> = {
  endpoint: ENDPOINTS.slice(0, 3),
  last_handshake_time_sec: NUMBERS,
  last_handshake_time_nsec: ["0", "999999999"],
  rx_bytes: NUMBERS,
  tx_bytes: NUMBERS,
  persistent_keepalive_interval: ["0", "25", "65535"],
  allowed_ip: VALID.prefix,
  preshared_key: KEYS.slice(0, 3),
  protocol_version: ["1"],
  unknown: ["", "x=y"],
};
const STATUS_VALUES: Record<string, readonly string[]> = {
  ...ANSWER_VALUES,
  name: PEER_VALUES["name"] ?? [],
  endpoint_name: ["a.example%3A1 0", "a.example%3A1 1700000000", "a:1 -1", "a 1", "%1b:1 1"],
  segmentation: ["off", "on"],
};
const STATUS_HEAD = ["version=1.0", "pid=7", "started_at=1700000000", "mtu=1420", "threads=1"]
  .concat("interface_namespace=1", "socket_namespace=1", "receive_buffer=1", "send_buffer=1")
  .concat("up=true", "crypto=wasm on", "offload=tun off why not", "drop=socket-send 3");

/** Answers of a control socket, to a `get` and to a `status`. */
export const uapiClient: Target = {
  name: "uapi-client",
  sources: ["core/uapi/client.ts", "core/uapi/get_reader.ts", "core/uapi/status.ts"]
    .concat(
      "core/uapi/usual_lines.ts",
      "core/show/fields.ts",
      "core/show/pretty.ts",
      "core/show/showconf.ts",
      "core/show/style.ts",
    ),
  generate(random: SeededRandom): string {
    const isStatus = random.chance(40);
    const text = isStatus ? STATUS_HEAD.filter(() => random.chance(98)) : [];
    const head = ["private_key", "own_public_key", "public_key"];
    if (random.chance(80)) text.push(`${pick(random, head)}=${pick(random, KEYS.slice(0, 3))}`);
    if (random.chance(80)) text.push(`listen_port=${pick(random, NUMBERS.slice(0, 3))}`);
    if (random.chance(80)) text.push(`fwmark=${pick(random, NUMBERS.slice(0, 5))}`);
    for (let peers = random.below(4); peers > 0; peers--) {
      text.push(`public_key=${random.chance(98) ? KEY_HEX : pick(random, KEYS)}`);
      text.push(...lines(random, isStatus ? STATUS_VALUES : ANSWER_VALUES, 8));
    }
    text.push(random.chance(90) ? "errno=0" : pick(random, ["errno=-5", "errno=1", "errno=x"]));
    const whole = text.join("\n") + "\n\n";
    return random.chance(70) ? whole : mutateText(random, whole, WRONG_LINES);
  },
  run(input: Input): boolean {
    assert(typeof input === "string");
    assert.deepEqual(readInParts(input), readAtOnce(input), "parts are read in another way");
    return [readGet, readStatus].map((read) => isRead(() => read(input))).includes(true);
  },
};

function isRead(read: () => void): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof UapiError) return false;
    throw error;
  }
}

const CONTEXT = {
  name: "wg0",
  wall: 1_700_000_000_000,
  publicKeyOf: (key: Uint8Array) => key.slice().reverse(),
};

/** What is read, or the error's message. */
export function outcome<Read>(read: () => Read): Read | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof UapiError) return error.message;
    throw error;
  }
}

function readAtOnce(text: string): unknown {
  return outcome(() => parseUapiGet(text, CONTEXT));
}

function readInParts(text: string): unknown {
  return outcome(() => {
    const reader = new UapiGetReader(CONTEXT);
    const random = new SeededRandom(text.length);
    for (let at = 0; at < text.length;) {
      if (random.chance(5)) reader.usualLines = readUsualLines;
      const size = 1 + random.below(random.chance(50) ? 3 : 400);
      reader.push(text.slice(at, at + size));
      at += size;
    }
    return reader.finish();
  });
}

function readGet(text: string): void {
  const state = parseUapiGet(text, CONTEXT);
  for (const field of SHOW_FIELDS) {
    assert.match(formatShowField(state, field, true), /^(wg0\t[^\n]+\n)*$/, field);
  }
  const wall = () => CONTEXT.wall;
  const options = { wall, color: state.peers.length % 2 === 0, showKeys: true };
  assert(formatShow(state, options).length > 0);
  assert.match(formatShowconf(state), /^\[Interface\]\n/);
}

function readStatus(text: string): void {
  const status = parseUapiStatus(text, "wg0");
  for (const { name } of status.peers) {
    // deno-lint-ignore no-control-regex -- they must not reach a terminal
    if (name !== null) assert.doesNotMatch(name, /[\0-\x1f\x7f-\x9f]/);
  }
}
