import assert from "node:assert/strict";
import { IpAddress } from "../../../core/ip.ts";
import { formatUapiChange } from "../../../core/uapi/change_request.ts";
import { UapiRequestParser } from "../../../core/uapi/request_parser.ts";
import { parseWgSet } from "../../../core/wg/arguments.ts";
import type { WgChange } from "../../../core/wg/change.ts";
import { parseWgFile } from "../../../core/wg/config.ts";
import { WgError } from "../../../core/wg/error.ts";
import type { SeededRandom } from "../../core/seeded_random.ts";
import { mutateText, pick } from "../mutate.ts";
import type { Input, Target } from "../target.ts";
import { signedList, VALID, word } from "../words.ts";
import { generateConfig } from "./config.ts";

const SOURCES = ["core/wg/values.ts", "core/wg/error.ts"];

const SURROUNDINGS = {
  resolve(host: string, service: string) {
    const [literal = "", zone = ""] = host.split("%", 2);
    const address = IpAddress.parse(literal);
    // As getaddrinfo(3): a zone is the name of an interface, of which there are none with odd names here.
    const isZone = host === literal || /^[a-zA-Z0-9_.-]{1,15}$/.test(zone);
    if (address === null || !isZone || (zone !== "" && address.family === 4)) {
      throw new WgError(`Name or service not known: \`${host}'`);
    }
    return { address, port: portOf(service), zone };
  },
  port: portOf,
  readKey(path: string) {
    if (path === "") throw new WgError("fopen: No such file or directory");
    return new Uint8Array(32).fill(path.length);
  },
  warn(line: string) {
    assert.match(line, /^Warning: [^\n]+$/);
  },
};

function portOf(service: string): number {
  if (service === "domain") return 53;
  if (!/^[0-9]{1,5}$/.test(service)) throw new WgError("Servname not supported for ai_socktype");
  return Number(service) & 0xffff;
}

/** Whether `parse` accepts; what it makes must be what the other end of the control socket takes. */
function accepts(parse: () => WgChange): boolean {
  let change: WgChange;
  try {
    change = parse();
  } catch (error) {
    if (error instanceof WgError) return false;
    throw error;
  }
  const parser = new UapiRequestParser();
  const kinds: string[] = [];
  for (const chunk of formatUapiChange(change)) {
    parser.push(chunk);
    for (let event = parser.next(); event !== null; event = parser.next()) {
      assert.notEqual(event.kind, "error", JSON.stringify(event));
      kinds.push(event.kind);
    }
  }
  const count = (kind: string) => kinds.filter((other) => other === kind).length;
  assert.deepEqual([kinds[0], kinds.at(-1), count("end")], ["set", "end", 1]);
  assert.equal(count("public_key"), change.peers.length);
  const allowedIps = change.peers.flatMap((peer) => peer.remove ? [] : peer.allowedIps.changes());
  assert.equal(count("allowed_ip"), allowedIps.length);
  return true;
}

/** Files as `wg setconf` and `wg addconf` read them. */
export const wgFile: Target = {
  name: "wg-file",
  sources: ["core/wg/config.ts", ...SOURCES],
  generate(random: SeededRandom): string {
    const text = generateConfig(random);
    // Most of them without what only wg-quick knows.
    if (random.chance(10)) return text;
    return text.replace(/^(Address|DNS|MTU|Table|P\w+(Up|Down)|SaveConfig)\s*=.*\r?\n/gim, "");
  },
  run(input: Input): boolean {
    assert(typeof input === "string");
    return accepts(() =>
      parseWgFile(input, input.length % 2 === 0 ? "add" : "replace", SURROUNDINGS)
    );
  },
};

const NAMES = ["listen-port", "fwmark", "private-key", "peer", "remove", "endpoint", "allowed-ips"]
  .concat("persistent-keepalive", "preshared-key");

/** The arguments of `wg set`. */
export const wgArguments: Target = {
  name: "wg-arguments",
  sources: ["core/wg/arguments.ts", ...SOURCES],
  generate(random: SeededRandom): string[] {
    const args: string[] = [];
    const own = ["listen-port", "fwmark", "private-key"];
    for (let count = random.below(3); count > 0; count--) addPair(random, args, pick(random, own));
    for (let peers = random.below(4); peers > 0; peers--) {
      args.push("peer", pick(random, VALID.key));
      for (let count = random.below(4); count > 0; count--) {
        addPair(random, args, pick(random, NAMES.slice(random.chance(90) ? 4 : 0)));
      }
    }
    if (random.chance(60)) return args;
    const at = random.below(args.length + 1);
    switch (random.below(3)) {
      case 0:
        return args.toSpliced(at, 1 + random.below(3));
      case 1:
        return args.toSpliced(at, 0, pick(random, NAMES));
      default:
        return args.toSpliced(at, 1, mutateText(random, args[at] ?? "", NAMES));
    }
  },
  run(input: Input): boolean {
    assert(Array.isArray(input));
    return accepts(() => parseWgSet(input, SURROUNDINGS));
  },
};

function addPair(random: SeededRandom, args: string[], name: string): void {
  args.push(name);
  if (name === "remove") return;
  args.push(valueFor(random, name));
}

function valueFor(random: SeededRandom, name: string): string {
  switch (name) {
    case "endpoint":
      return word(random, "endpoint");
    case "allowed-ips":
      return signedList(random);
    case "peer":
      return word(random, "key");
    case "private-key":
    case "preshared-key":
      return pick(random, ["/dev/null", "key", ""]);
    default:
      return word(random, "number");
  }
}
