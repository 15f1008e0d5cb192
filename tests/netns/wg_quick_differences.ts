/**
 * Every difference between what `wg-quick` with wireguard-go does and what wgts does on purpose. Each row
 * says what is right instead, so that those configs are compared as strictly as all others.
 */
import type { QuickCase, QuickOutcome } from "./harness/quick_run.ts";

/** One row of the table. */
export interface QuickDifference {
  /** Whether it is about a case. */
  readonly when: (which: QuickCase) => boolean;
  readonly reason: string;
  /** The version of wireguard-tools that does what wgts does; null when none does. */
  readonly since: number | null;
  /** A config with which the other one does what is right. */
  readonly instead?: (config: string) => string;
  /** What is right, made of what the other one did. */
  readonly right?: (outcome: QuickOutcome, which: QuickCase) => QuickOutcome;
  /** Both outcomes without what can't be compared. */
  readonly without?: (outcome: QuickOutcome) => QuickOutcome;
}

/** The table must not become a dump. */
export const MOST_QUICK_DIFFERENCES = 20;

const named = (pattern: RegExp) => ({ name }: QuickCase) => pattern.test(name);
const written = (pattern: RegExp) => ({ config }: QuickCase) => pattern.test(config);

/** What wgts makes of /etc/resolv.conf, and says of it. */
const MADE = {
  trace: "[#] printf 'nameserver 10.88.0.53\\nsearch corp.example\\n' >/etc/resolv.conf " +
    "# neither systemd-resolved nor resolvconf manages it",
  state: [
    "resolv.conf # Made by wgts for wg0; `wgts down' restores the former one",
    "resolv.conf nameserver 10.88.0.53",
    "resolv.conf search corp.example",
  ].join("\n"),
};

/** All of them. */
export const QUICK_DIFFERENCES: readonly QuickDifference[] = [
  {
    when: () => true,
    reason: "wgts serves the interface itself, and tells the commands of the newer version",
    since: null,
    right: (outcome, { argument = "wg0", file }) => {
      const name = argument.replace(/^.*\/(.*)\.conf$/, "$1");
      const path = file ?? `/etc/wireguard/${name}.conf`;
      return translated(outcome, (line) => {
        if (/^\[#\] ip link add .* type wireguard$|^\[!\] Missing/.test(line)) return [];
        if (line.startsWith("[#] wireguard-go ")) return [`[#] wgts run ${name}`];
        if (!line.startsWith("[#] wg setconf ")) return [line];
        return [`[#] wg addconf ${name} <(wg-quick strip ${path})`];
      });
    },
  },
  {
    when: written(/\/0\b/),
    reason: "An unreachable route comes first, then the rules, then the default route",
    since: null,
    right: (outcome) => ({
      ...outcome,
      trace: rulesFirst(outcome.trace),
      state: withUnreachable(outcome.state),
    }),
  },
  {
    when: written(/\b0\.0\.0\.0\/0\b/),
    reason: "src_valid_mark is restored",
    since: null,
    right: (outcome) => ({
      ...outcome,
      left: outcome.left.replaceAll(/^.sysctl ipv4\/conf\/all\/src_valid_mark:.*\n/gm, ""),
      state: outcome.up.code === 0
        ? outcome.state
        : outcome.state.replace("conf/all/src_valid_mark:1", "conf/all/src_valid_mark:0"),
    }),
  },
  {
    when: named(/src_valid_mark is set$/),
    reason: "src_valid_mark is set only where it isn't",
    since: 20260223,
    right: (outcome) => translated(outcome, (line) => line.startsWith("[#] sysctl ") ? [] : [line]),
  },
  {
    when: written(/^PreUp/m),
    reason: "PreUp runs when the interface is there",
    since: 20250521,
    right: (outcome, { name }) => {
      const { trace, up } = outcome;
      const created = trace.findIndex((line) => line.startsWith("[#] wgts run "));
      const [line = "", ...others] = trace.slice(created);
      return {
        ...outcome,
        trace: created < 0 ? trace : [line, ...trace.slice(0, created), ...others],
        // Deleting the interface that wasn't there yet hid the command's exit code.
        up: name !== "a PreUp that fails" ? up : { ...up, code: 3 },
      };
    },
  },
  {
    when: named(/^the MTU of two endpoints( of both families)?$/),
    reason: "The smallest MTU of all endpoints' is taken, not the largest",
    since: 20260223,
    instead: (config) => config.replace("[Interface]", "[Interface]\nMTU = 1300"),
  },
  {
    when: named(/^the locked MTU of a route$/),
    reason: "A route's MTU counts when it is locked, too",
    since: null,
    instead: (config) => config.replace("[Interface]", "[Interface]\nMTU = 1300"),
  },
  {
    when: written(/^P(ost|re)(Up|Down) = .*#/m),
    reason: "A # doesn't end a hook",
    since: 20260223,
    instead: withoutHash,
    right: (outcome, { config }) => {
      const hooks = [...config.matchAll(/^PostUp = (.*#.*)$/gm)].map(([, hook = ""]) => hook);
      return translated(outcome, (line) => {
        const hook = hooks.find((hook) => line === `[#] ${withoutHash(hook)}`);
        return [hook === undefined ? line : `[#] ${hook}`];
      });
    },
  },
  {
    when: written(/^P(ost|re)(Up|Down) = *$/m),
    reason: "An empty hook is none",
    since: null,
    right: (outcome) => translated(outcome, (line) => line === "[#] " ? [] : [line]),
  },
  {
    when: named(/IPv6 is off$|too small for IPv6$/),
    reason: "Where there is no IPv6, the tunnel goes without it",
    since: null,
    instead: (config) => config.replaceAll(/, [0-9a-f]*::[0-9a-f]*\/\d+/g, ""),
    without: (outcome) => ({
      ...outcome,
      trace: [],
      state: outcome.state.replaceAll(/^(wg|nft|(route|rule) -6) .*\n/gm, ""),
    }),
  },
  {
    when: named(/^Table = main$/),
    reason: "That the interface has a route already is fine in any table",
    since: null,
    instead: (config) => config.replace("10.88.0.0/24, ", ""),
    without: (outcome) => ({
      ...translated(outcome, (line) => line.includes(" 10.88.0.0/24 ") ? [] : [line]),
      state: outcome.state.replaceAll(/^wg .*\n/gm, ""),
    }),
  },
  {
    when: named(
      /^(a|an) (wrong|Address twice|MTU too large)\b|own network$|another interface has$/,
    ),
    reason: "What fails ends with 1, unless it is a hook; wg-quick ends with the code of ip",
    since: null,
    right: (outcome) =>
      outcome.up.code === 0 ? outcome : { ...outcome, up: { ...outcome.up, code: 1 } },
  },
  {
    when: named(/long spelling$/),
    reason: "A length that begins with 0 is decimal, as for wg; ip takes it for octal",
    since: null,
    instead: (config) => config.replace("/064", "/64"),
  },
  {
    when: named(/spelling$|without a length$|hexadecimal$|table's name$|^Table = main$/),
    reason: "Addresses and tables are told in one spelling",
    since: null,
    right: (outcome) =>
      translated(outcome, (line) => [
        line.replace("FD88:0:0:0::0001/", "fd88::1/").replace(/ add (10[^ /]+) /, " add $1/32 ")
          .replace(/ add (fd[^ /]+) /, " add $1/128 ").replace(" table 0x4d2", " table 1234")
          .replace(" table quick_test", " table 1000").replace(
            /( route add .* table )main$/,
            "$1254",
          ),
      ]),
  },
  {
    when: named(/with a zone$/),
    reason: "wireguard-go doesn't tell an endpoint's zone",
    since: null,
    right: (outcome) => ({
      ...outcome,
      state: outcome.state.replace("[fe80::2]", "[fe80::2%eth0]"),
    }),
  },
  {
    when: written(/^SaveConfig = true/m),
    reason: "The address that the kernel made up isn't saved",
    since: null,
    right: (outcome) => ({
      ...outcome,
      config: outcome.config.replaceAll(/^Address = fe80:.*\n/gm, ""),
    }),
  },
  {
    when: named(/^an interface that others deleted$/),
    reason: "What is left of a tunnel is cleaned up",
    since: null,
    right: (outcome) => ({
      ...outcome,
      down: { ...outcome.down, code: 0 },
      left: "",
      seen: "down\n",
    }),
  },
  {
    when: named(/^a name server that is saved$/),
    reason: "What is saved of DNS is what the config says; nobody is asked",
    since: null,
    right: (outcome) => ({ ...outcome, seen: outcome.seen.replace("resolvconf -l wg0\n", "") }),
  },
  {
    when: named(/^a name server without resolvconf$/),
    reason: "Where nobody manages /etc/resolv.conf, wgts does",
    since: null,
    instead: (config) => config.replace(/^DNS = .*\n/m, ""),
    right: (outcome) => ({
      ...outcome,
      trace: outcome.trace.flatMap((line) =>
        line.startsWith("[#] ip link set mtu") ? [line, MADE.trace] : [line]
      ),
      state: sortedLines(outcome.state.replace("resolv.conf nameserver 10.77.0.2", MADE.state)),
    }),
  },
  {
    when: named(/^a wrong DNS$/),
    reason: "What is neither an address nor a domain is refused; wg-quick hands it on",
    since: null,
    instead: (config) => config.replace("DNS = 10.88.0.53.1", "SaveConfig = yes"),
  },
];

/** The same, but for the lines of its trace. */
function translated(outcome: QuickOutcome, translate: (line: string) => string[]): QuickOutcome {
  return { ...outcome, trace: outcome.trace.flatMap(translate) };
}

/** The hooks of a config as the old version needs them to do the same. */
function withoutHash(text: string): string {
  return text.replaceAll(/ # why$/gm, "").replaceAll('"a # b"', () => "'a '$'\\x23'' b'");
}

/** The trace of an `up` that adds the same for default routes, in the leak-safe order. */
function rulesFirst(trace: readonly string[]): string[] {
  const lines = [...trace];
  const result: string[] = [];
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    const match = /^\[#\] ip -([46]) route add \S+\/0 dev (\S+) table (\d+)$/.exec(line);
    if (match === null || !lines[0]?.includes(" rule add not fwmark ")) {
      result.push(line);
      continue;
    }
    const [, family, name, table] = match;
    const rules = lines.splice(0, 2);
    if (lines[0]?.startsWith("[#] sysctl ")) result.push(...lines.splice(0, 1));
    lines.shift();
    const unreachable = `unreachable default table ${table} metric 4294967295`;
    const firewall = `table ${family === "4" ? "ip" : "ip6"} wg-quick-${name} { ... }`;
    result.push(
      `[#] ip -${family} route add ${unreachable}`,
      ...rules,
      line,
      `[#] nft -f <(echo "${firewall}")`,
    );
  }
  return result;
}

/** A state with unreachable routes beside the default routes of tunnels that have rules. */
function withUnreachable(state: string): string {
  const tables = new Set(
    [...state.matchAll(/^rule (-[46]) .*\tnot from all fwmark .* lookup (\d+)/gm)]
      .map(([, family, table]) => `${family} ${table}`),
  );
  const lines = [...tables].map((both) => {
    const [family, table] = both.split(" ");
    return family === "-4"
      ? `route -4 unreachable default table ${table} metric 4294967295 `
      : `route -6 unreachable default dev lo table ${table} metric 4294967295 pref medium`;
  });
  return sortedLines([state, ...lines].join("\n"));
}

function sortedLines(text: string): string {
  return text.split("\n").sort().join("\n");
}
