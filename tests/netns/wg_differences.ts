/**
 * Every difference between what Debian's `wg` does and what wgts does on purpose. Each row says what is
 * right instead, so that those scripts are compared as strictly as all others.
 */
import type { Outcome } from "./harness/wg_twins.ts";

/** One row of the table. */
export interface Difference {
  /** Holds of the scripts that it is about. */
  readonly scripts: RegExp;
  readonly reason: string;
  /** The version of wireguard-tools that does what wgts does; null when none does. */
  readonly since: number | null;
  /** A script with which the old `wg` does what is right. */
  readonly instead?: (script: string) => string;
  /** What wgts may print on stderr, if it isn't always the same. */
  readonly stderr?: RegExp;
  /** What is right, made of what `wg` did. */
  readonly right?: (outcome: Outcome, script: string) => Outcome;
}

/** The table must not become a dump. */
export const MOST_DIFFERENCES = 15;

/** The public key that a fake boringtun tells. */
const OWN_KEY = btoa("\t".repeat(32));
const PROTOCOL_ERROR = "Unable to access interface: Protocol error\n";

/** All of them. */
export const DIFFERENCES: readonly Difference[] = [
  {
    scripts: /^(exec -a wg )?wg (-v|--version|version)\b/,
    reason: "wgts does what a newer version does, and says so",
    since: 20260223,
    right: (outcome) => ({
      ...outcome,
      stdout: outcome.stdout.replace(/v1\.0\.\d+/, "v1.0.20260223"),
    }),
  },
  {
    scripts: /^wg show all endpoints$/,
    reason: "`show all endpoints` names the interface in front of each line, like all fields",
    since: 20250521,
    right: (outcome) => ({
      ...outcome,
      stdout: outcome.stdout.replace("wg1\twg0\t", "").replaceAll(/^(?=.)/gm, "wg0\t"),
    }),
  },
  {
    scripts: /allowed-ips '?[^ ]*[+-]|AllowedIPs = [+-]/,
    reason: "A sign in front of an allowed IP adds or removes only that",
    since: 20250521,
    instead: withoutSigns,
  },
  {
    scripts: /PublicKey = \$A\\n(PresharedKey = \$PSK\\n)?" >c; wg syncconf/,
    reason: "syncconf removes preshared keys and keepalives that the file has no more",
    since: 20260223,
    instead: (script) =>
      `${script}\nwg set wg0 peer $A persistent-keepalive off` +
      (script.includes("PresharedKey") ? "" : " preshared-key /dev/null"),
  },
  {
    scripts: /\$f\/key-(cut|not|unp)|(PrivateKey|PresharedKey) = |PublicKey = \$D/,
    reason: "Messages don't repeat what may be a key that was to be secret",
    since: null,
    right: (outcome) => ({
      ...outcome,
      stderr: outcome.stderr.replace(
        /(Key is not the correct length or format: `|Line unrecognized: `PublicKey=)[^']+'/,
        "$1(hidden)'",
      ),
    }),
  },
  {
    scripts: />\/dev\/full$/,
    reason: "Output that can't be written is an error; wg doesn't look",
    since: null,
    right: (outcome) => ({
      ...outcome,
      code: 1,
      stderr: "wg: Cannot write to stdout: No space left on device\n",
    }),
  },
  {
    scripts: /\$'\\xff/,
    reason: "The runtime ends itself when an argument isn't UTF-8",
    since: null,
    stderr: /panicked at [^]*\\xFF/,
    right: (outcome) => ({ ...outcome, code: 101, stderr: "" }),
  },
  {
    scripts: /preshared-key \/dev\/stdin <&-/,
    reason: "The runtime gives itself /dev/null for a closed stdin",
    since: null,
    instead: (script) => script.replace("<&-", "</dev/null"),
  },
  {
    scripts: /^wg (set|add|sync)conf wg0 \.$/,
    reason: "A directory is no empty config",
    since: null,
    right: (outcome) => ({ ...outcome, code: 1, stderr: "fopen: Is a directory\n" }),
    instead: () => ":",
  },
  {
    scripts: /s_ok.*cat \/run\/requests/,
    reason: "The mark is set before the port, whose socket should have it from the start",
    since: null,
    right: (outcome) => ({
      ...outcome,
      stdout: outcome.stdout.replace(/^(listen_port=.*\n)(fwmark=.*\n)/m, "$2$1"),
    }),
  },
  {
    scripts: / s_(5|22) | errno_minus/,
    reason: "An errno of either sign is understood: boringtun answers a set with positive ones",
    since: null,
    right: (outcome, script) => ({
      ...outcome,
      stderr: outcome.stderr.replaceAll("Unknown error -5", "Input/output error")
        .replaceAll("Unknown error -22", "Invalid argument")
        .replaceAll(
          "Protocol error",
          script.includes("_22") ? "Invalid argument" : "Operation not permitted",
        ),
    }),
  },
  {
    scripts: / own_key/,
    reason: "boringtun tells its public key and how long a handshake is past",
    since: null,
    right: (outcome) => ({
      ...outcome,
      stdout: outcome.stdout.replace(/^(interface: .*\n)/, `$1  public key: ${OWN_KEY}\n`)
        .replace(/^\(none\)\t\(none\)/m, `(none)\t${OWN_KEY}`)
        .replace("\t5\t0\t0\toff", "\t1700000000\t0\t0\toff"),
    }),
  },
  {
    scripts: / endpoint_(v6_bare|port_big|port_name|short|host)\b/,
    reason: "An endpoint is an address and a number: wg asks the resolver, and may crash then",
    since: null,
    right: (outcome, script) => ({
      ...outcome,
      code: 1,
      stdout: "",
      stderr: PROTOCOL_ERROR.repeat(script.split(";").length),
    }),
  },
  {
    scripts: /show zone_gone\b/,
    reason:
      "The zone of an interface that is gone is shown as it came: wg fails, and may crash then",
    since: null,
    instead: (script) => script.replaceAll("zone_gone", "zone_number"),
    right: (outcome) => ({
      ...outcome,
      stdout: outcome.stdout.replaceAll("zone_number", "zone_gone").replaceAll("%lo", "%nonexist0"),
    }),
  },
  {
    scripts: / (handshake_big|bytes_big|bytes_bigger)\b/,
    reason: "Numbers beyond 2^53 are rounded",
    since: null,
    right: (outcome) => ({
      ...outcome,
      stdout: outcome.stdout.replace("9223372036854775807", "9223372036854776000")
        .replace("18446744073709551615", "18446744073709552000")
        .replace("9007199254740993", "9007199254740992"),
    }),
  },
];

/** The allowed IPs that \`$B\` has in the beginning. */
const OF_B = ["10.1.0.0/16", "10.2.3.4/32", "2001:db8::/32"];

/** A script without signs that does what a script with signs does in `wg` of 20250521 and later. */
function withoutSigns(script: string): string {
  const fileMatch = /^(.*)AllowedIPs = ([+-])([^\\]+)\\n(.*)$/s.exec(script);
  if (fileMatch !== null) {
    const [, before, sign, ip, after] = fileMatch;
    if (sign === "+") return `${before}AllowedIPs = ${ip}\\n${after}`;
    if (script.includes("wg setconf")) return `${before}${after}`;
    const left = OF_B.filter((own) => own !== ip);
    return `${before}AllowedIPs = ${left.join(", ")}\\n${after}`;
  }
  const match = /^(.* allowed-ips )('?)(.*)\2$/.exec(script);
  if (match === null) throw new Error(`No signs in ${script}`);
  const [, before, , list = ""] = match;
  const items = list.replaceAll(" ", "").split(",");
  const ips = items.map((item) => item.replace(/^[+-]/, ""));
  const areRight = ips.every((ip) => /^[0-9a-f.:]+(\/(\d|[12]\d|3[0-2]|64))?$/.test(ip));
  // What is wrong is complained about without its sign.
  if (!areRight) return `${before}'${ips.join(",") || ","}'`;
  const now = new Set(OF_B);
  for (const [i, ip] of ips.entries()) items[i]?.startsWith("-") ? now.delete(ip) : now.add(ip);
  return `${before}'${[...now].join(",")}'`;
}
