/** The text of resolv.conf(5). */

import { IpAddress } from "../ip.ts";
import type { UapiEndpoint } from "../uapi/command.ts";

/** The port of name servers. */
export const DNS_PORT = 53;

/** The name servers of a resolv.conf, in its order. A zone is the name of an interface, or "". */
export function parseNameservers(text: string): UapiEndpoint[] {
  return lines(text).flatMap(([keyword, value = ""]) => {
    if (keyword !== "nameserver") return [];
    const [host = "", zone = ""] = value.split("%", 2);
    const address = IpAddress.parse(host);
    return address === null ? [] : [{ address, port: DNS_PORT, zone }];
  });
}

/** The words of each line that is no comment. A keyword counts at the line's very beginning only. */
function lines(text: string): string[][] {
  return text.split("\n").filter((line) => !/^[#;]/.test(line)).map((line) => line.split(/[ \t]+/));
}
