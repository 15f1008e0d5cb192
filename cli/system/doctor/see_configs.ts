/** What `wgts doctor` sees of configs. */
import type { HostView, SeenConfig, SeenFile } from "../../../core/doctor/host_view.ts";
import {
  CONFIG_DIRECTORY,
  type ConfigLocation,
  isInterfaceName,
} from "../../../core/config/interface_name.ts";
import type { QuickConfig } from "../../../core/config/types.ts";
import { IpAddress, type IpPrefix } from "../../../core/ip.ts";
import { readConfig } from "../config_file.ts";

const SUFFIX = ".conf";
const WORLD_ACCESSIBLE = /^Warning: `?(.*?)'? is world accessible$/;

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
  const worldAccessible = new Set<string>();
  const warn = (line: string) => {
    const file = WORLD_ACCESSIBLE.exec(line)?.[1];
    if (file !== undefined) worldAccessible.add(file);
  };
  let config: ReadConfig | null = null, error: string | null = null;
  try {
    const { config: read } = readConfig(path, warn, { withKeys: false });
    config = withoutKeys(name, read);
    // Credentials are only there in the service that they are for.
    if (!namesCredential(read)) withoutKeys(name, readConfig(path, warn).config);
  } catch (cause) {
    error = cause instanceof Error ? cause.message : String(cause);
  }
  return { file: { name, path, worldAccessible: [...worldAccessible], error }, config };
}

/** Whether a key is in a file that has a name, but no path. */
function namesCredential({ interface: { privateKeyFile }, peers }: QuickConfig): boolean {
  return [privateKeyFile, ...peers.map(({ presharedKeyFile }) => presharedKeyFile)]
    .some((file) => file !== undefined && !file.name.includes("/"));
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
