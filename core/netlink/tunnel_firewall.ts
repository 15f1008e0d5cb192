/**
 * The firewall rules of a tunnel that takes a default route, those of wg-quick(8):
 *
 * - `preraw` drops what arrives for the tunnel's addresses by another interface. Without it, a neighbour
 *   on the network at hand can probe for what goes on in the tunnel (CVE-2019-14899).
 * - `postmangle` and `premangle` give the answers to the tunnel's own datagrams the mark that these
 *   have. Without it, strict reverse-path filtering takes them for forged ones and drops them.
 *
 * @module
 */
import type { IpAddress, IpFamily } from "../ip.ts";
import type { NetlinkRequest } from "./message.ts";
import {
  type BaseChain,
  deleteTable,
  newChain,
  newRule,
  newTable,
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
  NF_IP_PRI_MANGLE,
  NF_IP_PRI_RAW,
  type Table,
} from "./nftables.ts";
import {
  compare,
  type Expression,
  loadConntrack,
  loadFib,
  loadMeta,
  loadPayload,
  NF_DROP,
  NFT_CMP,
  NFT_CT,
  NFT_FIB_RESULT,
  NFT_META,
  NFT_PAYLOAD,
  NFTA_FIB_F,
  setConntrack,
  setMeta,
  verdict,
} from "./nftables_expression.ts";
import { RTN_LOCAL } from "./route.ts";

const IPPROTO_UDP = 17;
const IFNAMSIZ = 16;
/** Where in its header a packet has its destination, in bytes (RFC 791 section 3.1, RFC 8200 section 3). */
const DESTINATION_OFFSET = { 4: 16, 6: 24 } as const;

/** What the rules of one family are made from. */
export interface TunnelFirewall {
  readonly interfaceName: string;
  readonly family: IpFamily;
  /** The interface's addresses; those of another family don't count. */
  readonly addresses: readonly IpAddress[];
  /** The mark of the tunnel's own datagrams. */
  readonly fwmark: number;
}

/** The table of the tunnel `interfaceName`: wg-quick's, so that either finds the other's. */
export function firewallTable(interfaceName: string, family: IpFamily): Table {
  return { family, name: `wg-quick-${interfaceName}` };
}

/** The changes that make a tunnel's table anew, whether there is one or not. */
export function replaceFirewall(firewall: TunnelFirewall): NetlinkRequest[] {
  const { interfaceName, family, addresses, fwmark } = firewall;
  const table = firewallTable(interfaceName, family);
  const chain = (name: string, hook: number, priority: number): BaseChain => {
    return { table, name, hook, priority };
  };
  const preraw = chain("preraw", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW);
  const premangle = chain("premangle", NF_INET_PRE_ROUTING, NF_IP_PRI_MANGLE);
  const postmangle = chain("postmangle", NF_INET_POST_ROUTING, NF_IP_PRI_MANGLE);
  return [
    // To delete a table there must be one.
    newTable(table),
    deleteTable(table),
    newTable(table),
    ...[preraw, premangle, postmangle].map(newChain),
    ...addresses.filter((address) => address.family === family)
      .map((address) => newRule(preraw, dropFromOutside(interfaceName, address))),
    newRule(postmangle, saveMark(fwmark)),
    newRule(premangle, restoreMark()),
  ];
}

/** `iifname != "IF" ip daddr ADDRESS fib saddr type != local drop` */
function dropFromOutside(interfaceName: string, { family, bytes }: IpAddress): Expression[] {
  return [
    loadMeta(NFT_META.IIFNAME),
    compare(NFT_CMP.NEQ, nameRegister(interfaceName)),
    loadPayload(NFT_PAYLOAD.NETWORK_HEADER, DESTINATION_OFFSET[family], bytes.length),
    compare(NFT_CMP.EQ, bytes),
    loadFib(NFTA_FIB_F.SADDR, NFT_FIB_RESULT.ADDRTYPE),
    compare(NFT_CMP.NEQ, hostU32(RTN_LOCAL)),
    verdict(NF_DROP),
  ];
}

/** `meta l4proto udp mark FWMARK ct mark set mark` */
function saveMark(fwmark: number): Expression[] {
  return [
    ...isUdp(),
    loadMeta(NFT_META.MARK),
    compare(NFT_CMP.EQ, hostU32(fwmark)),
    loadMeta(NFT_META.MARK),
    setConntrack(NFT_CT.MARK),
  ];
}

/** `meta l4proto udp meta mark set ct mark` */
function restoreMark(): Expression[] {
  return [...isUdp(), loadConntrack(NFT_CT.MARK), setMeta(NFT_META.MARK)];
}

function isUdp(): Expression[] {
  return [loadMeta(NFT_META.L4PROTO), compare(NFT_CMP.EQ, Uint8Array.of(IPPROTO_UDP))];
}

/** An interface's name as `meta iifname` loads it. */
function nameRegister(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length >= IFNAMSIZ) throw new RangeError(`the interface name ${name} is too long`);
  const register = new Uint8Array(IFNAMSIZ);
  register.set(bytes);
  return register;
}

function hostU32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
