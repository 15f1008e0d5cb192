/**
 * Saves the state of a running tunnel to its config.
 *
 * @module
 */
import { ConfigDocument } from "../../core/config/document.ts";
import { parseQuickConfig } from "../../core/config/quick.ts";
import { hostsToLookUp, type RunningTunnel, saveConfig } from "../../core/config/save.ts";
import { decodeConfigText, encodeConfigText } from "../../core/config/text.ts";
import type { KeyFileName, QuickConfig } from "../../core/config/types.ts";
import type { InterfaceState } from "../../core/interface_state.ts";
import type { IpPrefix } from "../../core/ip.ts";
import { IFA_F_STABLE_PRIVACY, type KernelAddress } from "../../core/netlink/address.ts";
import { RT_SCOPE_LINK } from "../../core/netlink/family.ts";
import { Network } from "../../ffi/network.ts";
import { readConfigFile } from "./config_file.ts";
import { keyFilePlaces, readConfigKey } from "./config_keys.ts";
import { lookUpHosts } from "./host_addresses.ts";
import { getInterface } from "./interfaces.ts";
import { listInterfaces } from "./list_interfaces.ts";
import { osErrorText } from "./os_error.ts";
import { fileVersion, replaceFile } from "./replace_file.ts";
import { servicePort } from "./services.ts";

/** How long to wait for the addresses of endpoints' names, in milliseconds. */
const LOOKUP_MS = 5000;

/**
 * Writes the state of the interface `name` to the config at `path`, which keeps all else. A config that
 * says it already isn't touched. Prints warnings and what it does by `print`.
 *
 * @throws MissingConfigError, ConfigError, FileChangedError, Error when `name` is no WireGuard interface
 * or the config can't be read or written; the config is as it was then
 */
export async function saveTunnel(
  name: string,
  path: string,
  print: (line: string) => void,
): Promise<void> {
  const { path: real } = readConfigFile(path, print);
  const version = fileVersion(real);
  // Again: what is changed from now on will be noticed.
  const bytes = Deno.readFileSync(real);
  const text = decodeConfigText(bytes);
  const config = parseQuickConfig(text, real, { servicePort });
  using network = Network.open();
  const link = network.findLink(name);
  if (link === null || !(await listInterfaces()).includes(name)) {
    throw new Error(`\`${name}' is not a WireGuard interface`);
  }
  print(`[#] wg showconf ${name}`);
  const state = await getInterface(name, Date.now());
  try {
    const running = { state, mtu: link.mtu, addresses: addressesOf(network, link.index, config) };
    const saved = await edit(ConfigDocument.parse(text, real), config, running, print);
    if (saved === text) return;
    const encoded = encodeConfigText(saved);
    try {
      replaceFile(version, encoded);
    } catch (error) {
      throw new Error(`Cannot write ${real}: ${osErrorText(error)}`);
    } finally {
      encoded.fill(0);
    }
  } finally {
    wipeKeys(state);
    bytes.fill(0);
  }
}

async function edit(
  document: ConfigDocument,
  config: QuickConfig,
  running: RunningTunnel,
  print: (line: string) => void,
): Promise<string> {
  const hosts = await lookUpHosts(hostsToLookUp(config.peers, running.state), LOOKUP_MS);
  const addressesOf = (host: string) => hosts.get(host) ?? null;
  const places = keyFilePlaces(document.file);
  const options = {
    servicePort,
    addressesOf,
    readKeyFile: (file: KeyFileName) => readConfigKey(file, places).key,
    warn: (problem: string) => print(`Warning: ${problem}`),
  };
  return saveConfig(document, running, options).toString();
}

/**
 * The addresses of the interface, without those that the kernel made up, and with those of IPv6 that it
 * can't have here: `up` only warned of them.
 */
function addressesOf(network: Network, index: number, config: QuickConfig): IpPrefix[] {
  const { addresses: configured } = config.interface;
  const isConfigured = (address: IpPrefix) => configured.some((other) => other.equals(address));
  const live = network.listAddresses({ interfaceIndex: index })
    .filter((item) => isConfigured(item.address) || !isGenerated(item))
    .map(({ address }) => address);
  const name = network.getLink(index).name;
  if (!lacksIpv6(name)) return live;
  return [...live, ...configured.filter(({ family }) => family === 6)];
}

function isGenerated({ scope, flags }: KernelAddress): boolean {
  return scope === RT_SCOPE_LINK && (flags & IFA_F_STABLE_PRIVACY) !== 0;
}

function lacksIpv6(name: string): boolean {
  try {
    return Deno.readTextFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`).trim() === "1";
  } catch {
    return true;
  }
}

function wipeKeys({ privateKey, peers }: InterfaceState): void {
  privateKey?.fill(0);
  for (const { presharedKey } of peers) presharedKey?.fill(0);
}
