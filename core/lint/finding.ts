/** What a linter of configs tells. */

/** An error is what `up` refuses; a warning is probably not meant; an info is only worth knowing. */
export type Severity = "error" | "warning" | "info";

/** All codes with their severities, and what each is about. Codes are stable: programs know them. */
export const FINDING_CODES = {
  "byte-order-mark": ["error", "the file begins with a byte order mark"],
  "nul-byte": ["error", "a line holds a NUL byte"],
  "not-a-setting": ["error", "a line is neither a section nor KEY = VALUE"],
  "outside-section": ["error", "a setting stands before the first section"],
  "unknown-section": ["error", "a section is neither [Interface] nor [Peer]"],
  "unknown-key": ["error", "a section has no such key"],
  "misplaced-key": ["error", "a key belongs to the other section"],
  "invalid-value": ["error", "a value can't be what its key means"],
  "no-public-key": ["error", "a [Peer] has no PublicKey"],
  "two-keys": ["error", "a key is given, and a file that holds it, too"],
  "key-file": ["error", "the file of a key can't be read, or holds no key"],
  "unknown-table": ["error", "Table is a name that rt_tables doesn't have"],
  "file-name": ["error", "the file isn't named after an interface, NAME.conf"],
  "world-accessible": ["warning", "everybody may access a file that holds secret keys"],
  "no-private-key": ["warning", "there is no PrivateKey"],
  "zero-key": ["warning", "all of a key is zero, which stands for none"],
  "own-key": ["warning", "a peer has this interface's own public key"],
  "duplicate-peer": ["warning", "two sections are of the same peer"],
  "duplicate-key": ["warning", "a setting is given again, and only the last one counts"],
  "taken-allowed-ip": ["warning", "two peers have the same allowed IP, and the last one gets it"],
  "repeated-item": ["warning", "a list has something twice"],
  "host-bits": ["warning", "an allowed IP has bits behind its prefix length"],
  "no-allowed-ips": ["warning", "a peer has no AllowedIPs: it gets and may send nothing"],
  "idle-exclusion": ["warning", "DisallowedIPs exclude what no AllowedIPs have"],
  "network-address": ["warning", "an Address is that of a network or its broadcast address"],
  "dns-without-server": ["warning", "DNS names domains, but no server, so nothing is set"],
  "no-way-to-peers": ["warning", "neither side could begin: no Endpoint, and no ListenPort"],
  "mtu-range": ["warning", "an MTU is too small for IPv6, or too large for what carries it"],
  "routing-loop": ["warning", "an Endpoint would be routed into the tunnel"],
  "shared-listen-port": ["warning", "another config listens on the same port"],
  "bashism": ["warning", "a hook needs bash, which isn't there"],
  "wg-quick-refuses": ["warning", "wg-quick wouldn't take what wgts takes"],
  "many-dns-servers": ["info", "DNS names more servers than the C library asks"],
  "unsplit-dns": ["info", "DNS marks domains with ~, but all names are asked of it"],
  "shared-address": ["info", "another config has the same Address"],
  "keepalive-without-endpoint": ["info", "keepalives only begin once the peer was heard of"],
  "nothing-to-look-up": ["info", "ReresolveInterval is given, but no Endpoint is a name"],
  "routes-off": ["info", "Table is off, and no hook could make routes"],
  "one-family-only": ["info", "all of one family is tunnelled, and the other one bypasses it"],
  "needs-wgts": ["info", "neither wg nor wg-quick knows a key"],
  "needs-newer-wg": ["info", "wg older than 20250521 doesn't take what wgts takes"],
} as const satisfies Readonly<Record<string, readonly [Severity, string]>>;

/** What kind of finding it is, for programs and for looking it up. */
export type FindingCode = keyof typeof FINDING_CODES;

/** A part of a line. */
export interface Span {
  /** From 1; 0 for the file as a whole. */
  readonly line: number;
  /** Where it begins in the line, in UTF-16 units from 0. */
  readonly start: number;
  /** Behind its last unit. */
  readonly end: number;
}

/** The file as a whole. */
export const WHOLE_FILE: Span = { line: 0, start: 0, end: 0 };

/** Something found in a config. No text of it holds a secret. */
export interface Finding {
  /** What kind it is. */
  readonly code: FindingCode;
  /** How bad it is. */
  readonly severity: Severity;
  /** Where. */
  readonly span: Span;
  /** What is wrong, in one line. */
  readonly message: string;
  /** What was expected or what to do; "" when the message says it all. */
  readonly help: string;
}

/** Tells of a finding. */
export type Tell = (code: FindingCode, span: Span, message: string, help?: string) => void;

/** A list of findings, and what adds to it. */
export function collect(): { readonly findings: Finding[]; readonly tell: Tell } {
  const findings: Finding[] = [];
  const tell: Tell = (code, span, message, help = "") => {
    findings.push({ code, severity: FINDING_CODES[code][0], span, message, help });
  };
  return { findings, tell };
}
