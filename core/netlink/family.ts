/** What the objects of rtnetlink have in common. Source: rtnetlink(7), linux/rtnetlink.h. */
import type { IpFamily } from "../ip.ts";

/** Address families, as the kernel numbers them on Linux. */
export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** Scopes: how far an address or a route's destination is away. */
export const RT_SCOPE_UNIVERSE = 0;
export const RT_SCOPE_LINK = 253;
export const RT_SCOPE_HOST = 254;
/** Matches any scope when a route is deleted. */
export const RT_SCOPE_NOWHERE = 255;

/** Routing tables with a fixed number. Tables up to 255 fit the header, all fit an attribute. */
export const RT_TABLE_UNSPEC = 0;
export const RT_TABLE_MAIN = 254;
export const RT_TABLE_LOCAL = 255;

/** Who made a route or rule: the kernel, `ip` and init scripts ("boot"), or an administrator. */
export const RTPROT_UNSPEC = 0;
export const RTPROT_KERNEL = 2;
export const RTPROT_BOOT = 3;
export const RTPROT_STATIC = 4;

/** The address family's number for IPv4 or IPv6; 0 is any. */
export function familyNumber(family: 0 | IpFamily): number {
  return family === 4 ? AF_INET : family === 6 ? AF_INET6 : AF_UNSPEC;
}

/** The size in bytes of an address of a family, by its number; 0 for other families than IP. */
export function addressSize(familyNumber: number): 0 | 4 | 16 {
  return familyNumber === AF_INET ? 4 : familyNumber === AF_INET6 ? 16 : 0;
}
