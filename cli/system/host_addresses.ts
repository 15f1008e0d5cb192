import type { IpAddress } from "../../core/ip.ts";
import { libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";
import { addressHints, takeAddresses } from "./address_info.ts";

/**
 * All addresses of each of `hosts` by getaddrinfo(3), all at once and within `timeout` milliseconds.
 * Hosts that can't be found, or not in time, are left out.
 */
export async function lookUpHosts(
  hosts: Iterable<string>,
  timeout: number,
): Promise<Map<string, IpAddress[]>> {
  const found = new Map<string, IpAddress[]>();
  const lookUps = Array.from(hosts, async (host) => {
    const addresses = await lookUpAll(host);
    if (addresses !== null) found.set(host, addresses);
  });
  if (lookUps.length === 0) return found;
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeout);
  await Promise.race([Promise.all(lookUps), late]);
  clearTimeout(timer);
  return new Map(found);
}

async function lookUpAll(host: string): Promise<IpAddress[] | null> {
  const result = new BigUint64Array(1);
  const error = await libc.getaddrinfo(cString(host), null, addressHints(), result);
  return takeAddresses(error, result);
}
