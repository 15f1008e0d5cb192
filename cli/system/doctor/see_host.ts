/** Looks at the host for `wgts doctor`. Changes nothing, and runs no program. */
import type { ConfigLocation } from "../../../core/config/interface_name.ts";
import type { HostView } from "../../../core/doctor/host_view.ts";
import { Arena } from "../../../ffi/arena.ts";
import { hasCapability } from "../../../ffi/capabilities.ts";
import { CAP_NET_ADMIN, CAP_NET_BIND_SERVICE } from "../../../ffi/layout.ts";
import { Network } from "../../../ffi/network.ts";
import { chooseCrypto } from "../../engine/choose_crypto.ts";
import { describeReport } from "../../engine/crypto_report.ts";
import { iptablesProgram } from "../iptables.ts";
import { isInstalled, isWritable, readNumber } from "./files.ts";
import { seeConfigs } from "./see_configs.ts";
import { seeNfTables, seeSockets, seeTun, seeUdpPorts } from "./see_devices.ts";
import { seeLinks, seeRoutes, seeRunning, seeTunnels } from "./see_network.ts";
import { seeDns } from "./see_dns.ts";
import { seeJournals, seeNewestFile } from "./see_state.ts";

const IPV4_CONF = "/proc/sys/net/ipv4/conf";
const IPV6_CONF = "/proc/sys/net/ipv6/conf";
const SRC_VALID_MARK = `${IPV4_CONF}/all/src_valid_mark`;
/** What net.ipv4.ip_unprivileged_port_start is where it can't be read. */
const UNPRIVILEGED_PORT_START = 1024;

/**
 * What there is to see of this host, of its tunnels and configs.
 *
 * @param location of a config besides those in /etc/wireguard
 */
export async function seeHost(location: ConfigLocation | null): Promise<HostView> {
  using network = Network.open();
  const netAdmin = hasCapability(CAP_NET_ADMIN);
  // Our own socket isn't to be found in use.
  const udpPorts = seeUdpPorts();
  const links = network.listLinks();
  const { files, configs } = seeConfigs(location);
  const { statuses, ended, unreadable } = await seeRunning();
  return {
    wall: Date.now(),
    newestFile: seeNewestFile(),
    isRoot: Deno.uid() === 0,
    netAdmin,
    netBindService: hasCapability(CAP_NET_BIND_SERVICE),
    unprivilegedPortStart: readNumber("/proc/sys/net/ipv4/ip_unprivileged_port_start") ??
      UNPRIVILEGED_PORT_START,
    tun: seeTun(),
    ipv6: seeIpv6(),
    nfTables: seeNfTables(netAdmin),
    iptables: {
      4: isInstalled(iptablesProgram(4, "restore")),
      6: isInstalled(iptablesProgram(6, "restore")),
    },
    dns: seeDns(),
    ...seeSockets(netAdmin),
    crypto: await seeCrypto(),
    files,
    ended,
    journals: seeJournals(links),
    unreadable,
    tunnels: seeTunnels(network, links, configs, statuses),
    links: seeLinks(links),
    routes: seeRoutes(network),
    udpPorts,
    rpFilter: readNumber(`${IPV4_CONF}/all/rp_filter`),
    srcValidMark: seeSrcValidMark(),
  };
}

function seeIpv6(): HostView["ipv6"] {
  const disabled = readNumber(`${IPV6_CONF}/default/disable_ipv6`);
  if (disabled === null) return "absent";
  return disabled !== 0 || readNumber(`${IPV6_CONF}/all/disable_ipv6`) !== 0 ? "off" : "on";
}

function seeSrcValidMark(): HostView["srcValidMark"] {
  const value = readNumber(SRC_VALID_MARK);
  return value === null ? null : { isSet: value !== 0, isWritable: isWritable(SRC_VALID_MARK) };
}

async function seeCrypto(): Promise<HostView["crypto"]> {
  try {
    const create = await chooseCrypto();
    const { name, report } = create(new Arena(1));
    const description = report === undefined ? name : describeReport(report);
    return { value: { description, isFast: !description.startsWith("noble") } };
  } catch (error) {
    return { hidden: error instanceof Error ? error.message : String(error) };
  }
}
