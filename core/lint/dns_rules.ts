/** What is odd about `DNS`. */

import { quote } from "../hidden_keys.ts";
import type { QuickConfig } from "../config/types.ts";
import { MAX_NAMESERVERS } from "../dns/resolv_conf.ts";
import { dnsSettings, isSplit } from "../dns/settings.ts";
import { IpAddress } from "../ip.ts";
import type { Tell } from "./finding.ts";
import { itemsOf, type LocatedSection, settingsOf, valueSpan } from "./located.ts";

/** Tells what is odd about the DNS settings of [Interface]. */
export function checkDns(
  { interface: { dns } }: QuickConfig,
  sections: readonly LocatedSection[],
  tell: Tell,
): void {
  const given = settingsOf(sections, "DNS").filter(({ line }) => line.value !== "");
  const [first] = given;
  if (first === undefined) return;
  const settings = dnsSettings(dns);
  if (settings === null) {
    if (dns.search.length === 0) return;
    const message = `DNS names domains, as ${quote(dns.search[0] ?? "")}, but no server: ` +
      "nothing is set";
    tell("dns-without-server", valueSpan(first.line), message, "add the IP address of a server");
    return;
  }
  const items = given.flatMap(itemsOf);
  const extra = items.filter(({ text }) => IpAddress.parse(text) !== null)[MAX_NAMESERVERS];
  if (extra !== undefined) {
    const message = `where systemd-resolved doesn't manage the resolver, only the first ` +
      `${MAX_NAMESERVERS} servers are asked`;
    tell("many-dns-servers", extra.span, message);
  }
  const route = items.find(({ text }) => /^~(?!\.?$)/.test(text));
  if (route !== undefined && !isSplit(settings)) {
    const message = "all names are asked of the tunnel's servers, not only those in " +
      quote(route.text);
    tell("unsplit-dns", route.span, message, "mark all domains with ~, or none");
  }
}
