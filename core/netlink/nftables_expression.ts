/**
 * The expressions that nf_tables rules are made of. A rule runs them in turn: they load something of
 * the packet into a register, compare the register, which ends the rule where it doesn't hold, set
 * something of the packet from it, or decide on the packet. Ours need one register.
 *
 * Source: nft(8), linux/netfilter/nf_tables.h.
 *
 * @module
 */
import { type AttributeEncoder, NLA_F_NESTED } from "./attributes.ts";

/** Appends one expression to those of a rule. */
export type Expression = (expressions: AttributeEncoder) => void;

/** Keys of {@linkcode loadMeta} and {@linkcode setMeta}, with what is in the register. */
export const NFT_META = {
  /** The packet's mark, 32 bits in host byte order. */
  MARK: 3,
  /** The name of the interface that the packet came by, 16 bytes filled with NUL. */
  IIFNAME: 6,
  /** The protocol in the IP packet, behind extension headers: 1 byte. */
  L4PROTO: 16,
} as const;

/** Keys of {@linkcode loadConntrack} and {@linkcode setConntrack}. */
export const NFT_CT = {
  /** The connection's mark, 32 bits in host byte order. */
  MARK: 3,
} as const;

/** What of a route lookup {@linkcode loadFib} is about. */
export const NFT_FIB_RESULT = {
  /** The type of the route to the address, RTN_…: 32 bits in host byte order. */
  ADDRTYPE: 3,
} as const;

/** Flags of {@linkcode loadFib}. */
export const NFTA_FIB_F = {
  /** The address looked up is the packet's source. */
  SADDR: 1,
} as const;

/** What {@linkcode compare} asks for. */
export const NFT_CMP = { EQ: 0, NEQ: 1 } as const;

/** Where the offset of {@linkcode loadPayload} counts from. */
export const NFT_PAYLOAD = { NETWORK_HEADER: 1 } as const;

/** Verdicts: what becomes of the packet (linux/netfilter.h). */
export const NF_DROP = 0;

const NFTA_LIST_ELEM = 1;
const NFTA_EXPR_NAME = 1;
const NFTA_EXPR_DATA = 2;
const NFTA_META = { DREG: 1, KEY: 2, SREG: 3 };
const NFTA_CT = { DREG: 1, KEY: 2, SREG: 4 };
const NFTA_PAYLOAD = { DREG: 1, BASE: 2, OFFSET: 3, LEN: 4 };
const NFTA_FIB = { DREG: 1, RESULT: 2, FLAGS: 3 };
const NFTA_CMP = { SREG: 1, OP: 2, DATA: 3 };
const NFTA_IMMEDIATE = { DREG: 1, DATA: 2 };
const NFTA_DATA_VALUE = 1;
const NFTA_DATA_VERDICT = 2;
const NFTA_VERDICT_CODE = 1;

/** The register that holds the verdict, and the one we compute in. */
const NFT_REG_VERDICT = 0;
const NFT_REG_1 = 1;

/** Loads a property of the packet. */
export function loadMeta(key: number): Expression {
  return expression("meta", (data) => {
    data.u32be(NFTA_META.KEY, key).u32be(NFTA_META.DREG, NFT_REG_1);
  });
}

/** Sets a property of the packet to what was loaded. */
export function setMeta(key: number): Expression {
  return expression("meta", (data) => {
    data.u32be(NFTA_META.KEY, key).u32be(NFTA_META.SREG, NFT_REG_1);
  });
}

/** Loads a property of the connection that the packet belongs to. */
export function loadConntrack(key: number): Expression {
  return expression("ct", (data) => {
    data.u32be(NFTA_CT.KEY, key).u32be(NFTA_CT.DREG, NFT_REG_1);
  });
}

/** Sets a property of the connection that the packet belongs to, to what was loaded. */
export function setConntrack(key: number): Expression {
  return expression("ct", (data) => {
    data.u32be(NFTA_CT.KEY, key).u32be(NFTA_CT.SREG, NFT_REG_1);
  });
}

/** Loads `length` bytes of the packet from `offset` of a header on. */
export function loadPayload(base: number, offset: number, length: number): Expression {
  return expression("payload", (data) => {
    data.u32be(NFTA_PAYLOAD.DREG, NFT_REG_1).u32be(NFTA_PAYLOAD.BASE, base)
      .u32be(NFTA_PAYLOAD.OFFSET, offset).u32be(NFTA_PAYLOAD.LEN, length);
  });
}

/** Loads what a route lookup results in. */
export function loadFib(flags: number, result: number): Expression {
  return expression("fib", (data) => {
    data.u32be(NFTA_FIB.FLAGS, flags).u32be(NFTA_FIB.RESULT, result)
      .u32be(NFTA_FIB.DREG, NFT_REG_1);
  });
}

/** Ends the rule unless what was loaded compares to `value` as `operator` says. */
export function compare(operator: number, value: Uint8Array): Expression {
  return expression("cmp", (data) => {
    data.u32be(NFTA_CMP.SREG, NFT_REG_1).u32be(NFTA_CMP.OP, operator)
      .nested(NFTA_CMP.DATA | NLA_F_NESTED, (operand) => operand.bytes(NFTA_DATA_VALUE, value));
  });
}

/** Decides on the packet. */
export function verdict(code: number): Expression {
  return expression("immediate", (data) => {
    data.u32be(NFTA_IMMEDIATE.DREG, NFT_REG_VERDICT)
      .nested(NFTA_IMMEDIATE.DATA | NLA_F_NESTED, (operand) => {
        operand.nested(NFTA_DATA_VERDICT | NLA_F_NESTED, (verdict) => {
          verdict.u32be(NFTA_VERDICT_CODE, code);
        });
      });
  });
}

function expression(name: string, fill: (data: AttributeEncoder) => void): Expression {
  return (expressions) => {
    expressions.nested(NFTA_LIST_ELEM | NLA_F_NESTED, (element) => {
      element.string(NFTA_EXPR_NAME, name).nested(NFTA_EXPR_DATA | NLA_F_NESTED, fill);
    });
  };
}
