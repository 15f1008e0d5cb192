import { IpAddress } from "../ip.ts";

/**
 * The addresses that the text of a hosts(5) file gives `name`, in its order. Only lines in which the name
 * occurs are taken apart: some files block a million hosts.
 */
export function addressesInHosts(text: string, name: string): IpAddress[] {
  const wanted = name.toLowerCase().replace(/\.$/, "");
  if (wanted === "") return [];
  const all = text.toLowerCase();
  const addresses: IpAddress[] = [];
  for (let at = all.indexOf(wanted), end = 0; at >= 0; at = all.indexOf(wanted, end)) {
    end = all.indexOf("\n", at);
    if (end < 0) end = all.length;
    const line = all.slice(all.lastIndexOf("\n", at) + 1, end);
    const [address = "", ...names] = (line.split("#", 1)[0] ?? "").trim().split(/\s+/);
    const parsed = names.includes(wanted) ? IpAddress.parse(address) : null;
    if (parsed !== null && !addresses.some((known) => known.equals(parsed))) addresses.push(parsed);
  }
  return addresses;
}
