import type { QuickConfig, QuickInterfaceConfig } from "../../../core/config/types.ts";
import { IpAddress, IpPrefix } from "../../../core/ip.ts";

/** Parses prefixes of which a test is sure. */
export function prefixes(...texts: string[]): IpPrefix[] {
  return texts.map((text) => {
    const prefix = IpPrefix.parse(text);
    if (prefix === null) throw new Error(`not a prefix: ${text}`);
    return prefix;
  });
}

/** Parses addresses of which a test is sure. */
export function addresses(...texts: string[]): IpAddress[] {
  return texts.map((text) => {
    const address = IpAddress.parse(text);
    if (address === null) throw new Error(`not an address: ${text}`);
    return address;
  });
}

/** A config with peers of these allowed IPs. */
export function quickConfig(
  settings: Partial<QuickInterfaceConfig>,
  ...peers: string[][]
): QuickConfig {
  return {
    interface: {
      addresses: [],
      dns: { servers: [], search: [] },
      table: "auto",
      preUp: [],
      postUp: [],
      preDown: [],
      postDown: [],
      saveConfig: false,
      ...settings,
    },
    peers: peers.map((allowedIps, i) => ({
      publicKey: new Uint8Array(32).fill(i + 1),
      allowedIps: prefixes(...allowedIps),
      line: i + 1,
    })),
    warnings: [],
  };
}
