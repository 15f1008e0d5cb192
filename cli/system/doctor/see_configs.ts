/** What `wgts doctor` sees of configs. */
import type { HostView, SeenConfig, SeenFile } from "../../../core/doctor/host_view.ts";
import {
  CONFIG_DIRECTORY,
  type ConfigLocation,
  isInterfaceName,
} from "../../../core/config/interface_name.ts";
import { parseQuickConfig } from "../../../core/config/quick.ts";
import type { QuickConfig } from "../../../core/config/types.ts";
import { IpAddress, type IpPrefix } from "../../../core/ip.ts";
import { readConfigFile } from "../config_file.ts";
import { servicePort } from "../services.ts";

const SUFFIX = ".conf";

/** A config without its keys. */
export interface ReadConfig {
  readonly name: string;
  readonly config: SeenConfig;
  /** Addresses of endpoints that aren't names. */
  readonly endpoints: readonly IpAddress[];
  readonly allowedIps: readonly IpPrefix[];
}

/** The configs of /etc/wireguard and, if given, the one at `location`. */
export function seeConfigs(
  location: ConfigLocation | null,
): { files: HostView["files"]; configs: ReadConfig[] } {
  const locations = new Map<string, string>();
  let hidden: string | null = null;
  try {
    for (const { name } of Deno.readDirSync(CONFIG_DIRECTORY)) {
      const interfaceName = name.slice(0, -SUFFIX.length);
      if (!name.endsWith(SUFFIX) || !isInterfaceName(interfaceName)) continue;
      locations.set(interfaceName, `${CONFIG_DIRECTORY}/${name}`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) hidden = `${CONFIG_DIRECTORY} is for root to see`;
  }
  if (location !== null) locations.set(location.name, location.path);
  const seen = [...locations].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, path]) => seeConfig(name, path));
  const configs = seen.flatMap(({ config }) => config ?? []);
  if (hidden !== null && seen.length === 0) return { files: { hidden }, configs };
  return { files: { value: seen.map(({ file }) => file) }, configs };
}

function seeConfig(
  name: string,
  path: string,
): { readonly file: SeenFile; readonly config: ReadConfig | null } {
  let isWorldAccessible = false;
  let config: ReadConfig | null = null, error: string | null = null;
  try {
    const { bytes } = readConfigFile(path, () => isWorldAccessible = true);
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    bytes.fill(0);
    config = withoutKeys(name, parseQuickConfig(text, path, { servicePort }));
  } catch (cause) {
    error = cause instanceof Error ? cause.message : String(cause);
  }
  return { file: { name, path, isWorldAccessible, error }, config };
}

/** What matters of a config; its keys are wiped. */
export function withoutKeys(name: string, { interface: settings, peers }: QuickConfig): ReadConfig {
  settings.privateKey?.fill(0);
  for (const { presharedKey } of peers) presharedKey?.fill(0);
  const { addresses, listenPort = 0, mtu = null, table, dns } = settings;
  return {
    name,
    config: {
      addresses,
      listenPort,
      mtu,
      automaticRoutes: table === "auto",
      nameservers: dns.servers.length,
    },
    endpoints: peers.flatMap(({ endpoint }) =>
      (endpoint === undefined ? null : IpAddress.parse(endpoint.host)) ?? []
    ),
    allowedIps: peers.flatMap(({ allowedIps }) => allowedIps),
  };
}
