/**
 * nf_tables: tables of chains, which the kernel calls at its hooks, of rules. What is made here
 * belongs in a batch (netfilter.ts).
 *
 * Source: nft(8), linux/netfilter/nf_tables.h, Documentation/netlink/specs/nftables.yaml.
 *
 * @module
 */
import type { IpFamily } from "../ip.ts";
import { AttributeEncoder, NLA_F_NESTED } from "./attributes.ts";
import { familyNumber } from "./family.ts";
import { type NetlinkRequest, NLM_F_APPEND, NLM_F_CREATE } from "./message.ts";
import { netfilterHeader, netfilterType, NFNL_SUBSYS_NFTABLES } from "./netfilter.ts";
import type { Expression } from "./nftables_expression.ts";

const NFT_MSG_NEWTABLE = 0;
const NFT_MSG_DELTABLE = 2;
const NFT_MSG_NEWCHAIN = 3;
const NFT_MSG_NEWRULE = 6;

const NFTA_TABLE_NAME = 1;
const NFTA_TABLE_FLAGS = 2;
const NFTA_CHAIN_TABLE = 1;
const NFTA_CHAIN_NAME = 3;
const NFTA_CHAIN_HOOK = 4;
const NFTA_CHAIN_TYPE = 7;
const NFTA_HOOK_HOOKNUM = 1;
const NFTA_HOOK_PRIORITY = 2;
const NFTA_RULE_TABLE = 1;
const NFTA_RULE_CHAIN = 2;
const NFTA_RULE_EXPRESSIONS = 4;

/** NFT_NAME_MAXLEN: the longest name of a table or a chain with its NUL. */
const NAME_SIZE = 256;

/** Hooks: where on a packet's way a chain is called (linux/netfilter.h). */
export const NF_INET_PRE_ROUTING = 0;
export const NF_INET_POST_ROUTING = 4;

/** Priorities of chains at one hook, lowest first (linux/netfilter_ipv4.h). */
export const NF_IP_PRI_RAW = -300;
export const NF_IP_PRI_MANGLE = -150;

/** A table: tables of different families may have the same name. */
export interface Table {
  /** Whose packets it is about. */
  readonly family: IpFamily;
  readonly name: string;
}

/** A chain of type "filter" that a hook calls. Packets that its rules don't decide on are accepted. */
export interface BaseChain {
  readonly table: Table;
  readonly name: string;
  /** NF_INET_… */
  readonly hook: number;
  /** The order among the chains of the hook. */
  readonly priority: number;
}

/** A request to add a table; one that is there stays as it is. */
export function newTable(table: Table): NetlinkRequest {
  const payload = encoder(table)
    .string(NFTA_TABLE_NAME, table.name, NAME_SIZE)
    .u32be(NFTA_TABLE_FLAGS, 0)
    .finish();
  return request(NFT_MSG_NEWTABLE, NLM_F_CREATE, payload);
}

/** A request to delete a table and all that is in it; ENOENT when there is none. */
export function deleteTable(table: Table): NetlinkRequest {
  const payload = encoder(table).string(NFTA_TABLE_NAME, table.name, NAME_SIZE).finish();
  return request(NFT_MSG_DELTABLE, 0, payload);
}

/** A request to add a chain to a table. */
export function newChain({ table, name, hook, priority }: BaseChain): NetlinkRequest {
  const payload = encoder(table)
    .string(NFTA_CHAIN_TABLE, table.name, NAME_SIZE)
    .string(NFTA_CHAIN_NAME, name, NAME_SIZE)
    .string(NFTA_CHAIN_TYPE, "filter")
    .nested(NFTA_CHAIN_HOOK | NLA_F_NESTED, (attributes) => {
      // A signed number: its two's complement.
      attributes.u32be(NFTA_HOOK_HOOKNUM, hook).u32be(NFTA_HOOK_PRIORITY, priority >>> 0);
    })
    .finish();
  return request(NFT_MSG_NEWCHAIN, NLM_F_CREATE, payload);
}

/** A request to add a rule at the end of a chain. */
export function newRule(
  { table, name }: BaseChain,
  expressions: readonly Expression[],
): NetlinkRequest {
  const payload = encoder(table)
    .string(NFTA_RULE_TABLE, table.name, NAME_SIZE)
    .string(NFTA_RULE_CHAIN, name, NAME_SIZE)
    .nested(NFTA_RULE_EXPRESSIONS | NLA_F_NESTED, (list) => {
      for (const append of expressions) append(list);
    })
    .finish();
  return request(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, payload);
}

function encoder({ family }: Table): AttributeEncoder {
  return new AttributeEncoder(netfilterHeader(familyNumber(family)));
}

function request(command: number, flags: number, payload: Uint8Array): NetlinkRequest {
  return { type: netfilterType(NFNL_SUBSYS_NFTABLES, command), flags, payload };
}
