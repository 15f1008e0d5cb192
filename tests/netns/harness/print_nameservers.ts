/** Prints the name servers that this system has without tunnels, for a test. */
import { originalNameservers } from "../../../cli/system/dns/original_nameservers.ts";

for (const { address } of originalNameservers()) console.log(String(address));
