/**
 * Routing policy rules (RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE; `struct fib_rule_hdr`, 12 bytes).
 *
 * Source: ip-rule(8), linux/fib_rules.h, Documentation/netlink/specs/rt-rule.yaml.
 *
 * @module
 */
import type { IpFamily } from "../ip.ts";
import {
  type Attribute,
  AttributeEncoder,
  decodeAttributes,
  NetlinkFormatError,
} from "./attributes.ts";
import { AF_INET, AF_INET6, familyNumber, RT_TABLE_UNSPEC } from "./family.ts";
import { type NetlinkRequest, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL } from "./message.ts";

export const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;
export const RTM_GETRULE = 34;

/** What a rule does: look up a table, or refuse. */
export const FR_ACT_UNSPEC = 0;
export const FR_ACT_TO_TBL = 1;

const FIB_RULE_INVERT = 0x2;

const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_SUPPRESS_PREFIXLEN = 14;
const FRA_TABLE = 15;
const FRA_FWMASK = 16;
const FRA_PAD = 18;
const FRA_PROTOCOL = 21;

const HEADER_SIZE = 12;
/** FRA_SUPPRESS_PREFIXLEN of a rule that suppresses nothing. */
const SUPPRESS_NOTHING = 0xffff_ffff;
const EXACT_MASK = 0xffff_ffff;

/** A rule to add, or what is known of one to delete. */
export interface Rule {
  readonly family: IpFamily;
  /** Lookup order, lowest first. By default one before the first rule other than the local table's. */
  readonly priority?: number;
  /** The table to look up. */
  readonly table?: number;
  /** FR_ACT_…; to look up a table, by default. */
  readonly action?: number;
  /** Matches packets with this firewall mark. */
  readonly fwmark?: number;
  /** Bits of the mark that are compared; all by default. */
  readonly fwmask?: number;
  /** `not`: matches where the other conditions don't. */
  readonly invert?: boolean;
  /** Ignores found routes with a prefix of this length or shorter: 0 ignores default routes. */
  readonly suppressPrefixLength?: number;
  /** RTPROT_…: who made it. */
  readonly protocol?: number;
}

/** A rule as the kernel lists it. */
export interface KernelRule extends Rule {
  /** 0 for the local table's rule, which comes before all others. */
  readonly priority: number;
  readonly table: number;
  readonly action: number;
  readonly invert: boolean;
  /** Whether it has conditions that {@linkcode Rule} can't tell: addresses, interfaces, users, ports…. */
  readonly otherConditions: boolean;
  /** All other attributes. */
  readonly attributes: readonly Attribute[];
}

/** A request for all rules of `family`. */
export function dumpRules(family: IpFamily): NetlinkRequest {
  const payload = new Uint8Array(HEADER_SIZE);
  payload[0] = familyNumber(family);
  return { type: RTM_GETRULE, flags: NLM_F_DUMP, payload };
}

/** A request to add a rule; EEXIST when one with the same conditions, action and priority is there. */
export function newRule(rule: Rule): NetlinkRequest {
  const payload = encodeRule(rule, FR_ACT_TO_TBL);
  return { type: RTM_NEWRULE, flags: NLM_F_CREATE | NLM_F_EXCL, payload };
}

/** A request to delete the first rule that agrees in all that `rule` tells; ENOENT when none does. */
export function deleteRule(rule: Rule): NetlinkRequest {
  return { type: RTM_DELRULE, flags: 0, payload: encodeRule(rule, FR_ACT_UNSPEC) };
}

/**
 * Decodes an RTM_NEWRULE or RTM_DELRULE. Returns null for other families than IPv4 and IPv6.
 * @throws {NetlinkFormatError} on a malformed message.
 */
export function decodeRule(payload: Uint8Array): KernelRule | null {
  if (payload.length < HEADER_SIZE) {
    throw new NetlinkFormatError(`rule message of ${payload.length} bytes`);
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const familyCode = view.getUint8(0);
  if (familyCode !== AF_INET && familyCode !== AF_INET6) return null;
  const flags = view.getUint32(8, true);
  const attributes: Attribute[] = [];
  const rule: { -readonly [K in keyof KernelRule]: KernelRule[K] } = {
    family: familyCode === AF_INET ? 4 : 6,
    priority: 0,
    table: view.getUint8(4),
    action: view.getUint8(7),
    invert: (flags & FIB_RULE_INVERT) !== 0,
    // Lengths of the destination's and the source's prefix, and the TOS.
    otherConditions: payload[1] !== 0 || payload[2] !== 0 || payload[3] !== 0,
    attributes,
  };
  for (const attribute of decodeAttributes(payload, HEADER_SIZE)) {
    switch (attribute.type) {
      case FRA_PRIORITY:
        rule.priority = attribute.u32();
        break;
      case FRA_TABLE:
        rule.table = attribute.u32();
        break;
      case FRA_FWMARK:
        rule.fwmark = attribute.u32();
        break;
      case FRA_FWMASK:
        rule.fwmask = attribute.u32();
        break;
      case FRA_PROTOCOL:
        rule.protocol = attribute.u8();
        break;
      case FRA_SUPPRESS_PREFIXLEN:
        if (attribute.u32() !== SUPPRESS_NOTHING) rule.suppressPrefixLength = attribute.u32();
        break;
      default:
        attributes.push(attribute);
        rule.otherConditions ||= attribute.type !== FRA_PAD;
    }
  }
  return rule;
}

/**
 * Whether `found` does what `rule` says, and nothing but that; by whatever maker, and at any priority
 * unless `rule` names one.
 */
export function isRule(found: KernelRule, rule: Rule): boolean {
  return !found.otherConditions && found.family === rule.family &&
    found.table === (rule.table ?? RT_TABLE_UNSPEC) &&
    found.action === (rule.action ?? FR_ACT_TO_TBL) &&
    found.invert === (rule.invert ?? false) &&
    found.suppressPrefixLength === rule.suppressPrefixLength &&
    (found.fwmark ?? 0) === (rule.fwmark ?? 0) && mask(found) === mask(rule) &&
    (rule.priority === undefined || rule.priority === found.priority);
}

/** A rule without a mark compares no bits; one with a mark all of them, unless it says otherwise. */
function mask({ fwmark = 0, fwmask }: Rule): number {
  return fwmask ?? (fwmark === 0 ? 0 : EXACT_MASK);
}

function encodeRule(rule: Rule, defaultAction: number): Uint8Array {
  const { family, table = RT_TABLE_UNSPEC, action = defaultAction, invert = false } = rule;
  const header = new Uint8Array(HEADER_SIZE);
  header[0] = familyNumber(family);
  header[4] = table <= 0xff ? table : RT_TABLE_UNSPEC;
  header[7] = action;
  new DataView(header.buffer).setUint32(8, invert ? FIB_RULE_INVERT : 0, true);
  const encoder = new AttributeEncoder(header);
  const { priority, fwmark, fwmask, suppressPrefixLength, protocol } = rule;
  if (priority !== undefined) encoder.u32(FRA_PRIORITY, priority);
  if (fwmark !== undefined) encoder.u32(FRA_FWMARK, fwmark);
  if (fwmask !== undefined) encoder.u32(FRA_FWMASK, fwmask);
  if (protocol !== undefined) encoder.u8(FRA_PROTOCOL, protocol);
  if (table > 0xff) encoder.u32(FRA_TABLE, table);
  if (suppressPrefixLength !== undefined) {
    encoder.u32(FRA_SUPPRESS_PREFIXLEN, suppressPrefixLength);
  }
  return encoder.finish();
}
