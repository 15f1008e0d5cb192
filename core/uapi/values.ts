/** Values of the control protocol, as strict as wireguard-go's. */

import { IpAddress } from "../ip.ts";
import { parseUapiNumber } from "./client.ts";
import type { UapiEndpoint } from "./command.ts";

/** `1.2.3.4:51820`, `[2001:db8::1]:51820` or `[fe80::1%eth0]:51820`; null otherwise. */
export function parseUapiEndpoint(text: string): UapiEndpoint | null {
  const colon = text.lastIndexOf(":");
  if (colon < 0) return null;
  const port = parseUapiNumber(text.slice(colon + 1), 0xffff);
  if (port === null) return null;
  const host = text.slice(0, colon);
  if (!host.startsWith("[")) {
    const address = host.includes(":") ? null : IpAddress.parse(host);
    return address === null ? null : { address, port, zone: "" };
  }
  if (!host.endsWith("]")) return null;
  const inner = host.slice(1, -1);
  const percent = inner.indexOf("%");
  const address = IpAddress.parse(percent < 0 ? inner : inner.slice(0, percent));
  const zone = percent < 0 ? "" : inner.slice(percent + 1);
  if (address === null || address.family !== 6 || (percent >= 0 && !isZone(zone))) return null;
  return { address, port, zone };
}

/** Whether `text` may name a link, and may be shown: no terminal obeys it. */
function isZone(text: string): boolean {
  return /^[^\p{Cc}\p{Cf}\s]+$/u.test(text);
}

/** The text of an endpoint, which {@linkcode parseUapiEndpoint} reads. */
export function formatUapiEndpoint(endpoint: UapiEndpoint): string {
  const { address, port, zone } = endpoint;
  if (address.family === 4) return `${address}:${port}`;
  return `[${address}${zone === "" ? "" : `%${zone}`}]:${port}`;
}
