/**
 * Prefixes that needn't be read to be shown or sent: a regular expression tells of most texts that they are
 * what inet_ntop(3) prints, in a tenth of the time that it takes to make bytes of them and a text again. V8
 * makes machine code of it at once, and lists of allowed IPs are longer than code takes to get warm.
 *
 * @module
 */

/** A regular expression's source: a number of a dotted quad, without leading zeros. */
export const OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const IPV4 = `(?:${OCTET}\\.){3}${OCTET}/(?:3[0-2]|[12]?[0-9])`;

const GROUP = "(?:0|[1-9a-f][0-9a-f]{0,3})";
/** With more groups, `::` would stand for one or none. */
const SEVEN_GROUPS = "(?:[^:/,\\n]+:+){6}[^:/,\\n]";
/** Zeros that `::` should have stood for. */
const ADJACENT_ZEROS = "[^/,\\n]*(?:\\b0:0\\b|\\b0::|::0\\b)";
/** With `::` behind its first group: addresses that begin with it may embed an IPv4 address. */
const NO_LONGER_ZEROS = `(?!${SEVEN_GROUPS}|${ADJACENT_ZEROS})`;
const IPV6 = `${NO_LONGER_ZEROS}${GROUP}(?::${GROUP})*::(?:${GROUP}(?::${GROUP})*)?`;
const IPV6_LENGTH = "(?:12[0-8]|1[01][0-9]|[1-9]?[0-9])";

/**
 * A regular expression's source that matches only what `IpPrefix` prints: `IpPrefix.parse(text)` is not null
 * and its text is `text`. It doesn't match all of that, so what it doesn't match is to be read.
 */
export const CANONICAL_PREFIX = `(?:${IPV4}|(?:${IPV6}|::)/${IPV6_LENGTH})`;

const IPV4_NETWORK = `(?:${OCTET}\\.){3}(?:0/(?:2[4-9]|3[01])|${OCTET}/32)`;
const FROM_32 = "(?:3[2-9]|[4-9][0-9]|1[01][0-9]|12[0-8])";
const FROM_48 = "(?:4[89]|[5-9][0-9]|1[01][0-9]|12[0-8])";
const FROM_64 = "(?:6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-8])";
/** The last one before `::`, which stands for four or more at the end: there are no more zeros elsewhere. */
const LAST_GROUP = "[1-9a-f][0-9a-f]{0,3}::";
const IPV6_NETWORK = `(?:(?:${GROUP}:)?${LAST_GROUP}/${FROM_32}|` +
  `(?:${GROUP}:){2}(?:${LAST_GROUP}/${FROM_48}|${GROUP}:${LAST_GROUP}/${FROM_64}))`;

/** Such an expression that matches only prefixes without host bits. */
export const CANONICAL_NETWORK =
  `(?:${IPV4_NETWORK}|${IPV6_NETWORK}|${IPV6}/128|::/${IPV6_LENGTH}|0\\.0\\.0\\.0/0)`;
