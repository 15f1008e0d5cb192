import { IpAddress } from "../ip.ts";

/** The addresses that the text of a hosts(5) file gives `name`, in its order. */
export function addressesInHosts(text: string, name: string): IpAddress[] {
  const wanted = name.toLowerCase().replace(/\.$/, "");
  const addresses: IpAddress[] = [];
  for (const line of text.split("\n")) {
    const [address = "", ...names] = (line.split("#", 1)[0] ?? "").trim().split(/\s+/);
    if (!names.some((name) => name.toLowerCase() === wanted)) continue;
    const parsed = IpAddress.parse(address);
    if (parsed !== null && !addresses.some((known) => known.equals(parsed))) addresses.push(parsed);
  }
  return addresses;
}
