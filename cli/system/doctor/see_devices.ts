/** What `wgts doctor` sees of the kernel's devices and sockets. */
import { IpAddress, type IpFamily } from "../../../core/ip.ts";
import type { HostView, Seen } from "../../../core/doctor/host_view.ts";
import { errno, SysError } from "../../../ffi/errno.ts";
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from "../../../ffi/layout.ts";
import { libc } from "../../../ffi/libc.ts";
import { probeFirewall } from "../../../ffi/nftables.ts";
import { socketMemory } from "../../../ffi/socket_memory.ts";
import { cString } from "../../../ffi/text.ts";
import { UdpSockets } from "../../../ffi/udp.ts";
import { readText } from "./files.ts";

const TUN_DEVICE = "/dev/net/tun";
/** The release since which TUN interfaces give and take UDP super-packets. */
const TUN_USO_RELEASE = [6, 2] as const;

/**
 * Whether the TUN device can be opened. A driver that isn't loaded isn't for us to load, as opening its
 * device would.
 *
 * @param drivers the text of /proc/misc; null when it can't be read
 * @param open opens a device; returns null, or why that can't be
 */
export function seeTun(
  drivers: string | null = readText("/proc/misc"),
  device: string = TUN_DEVICE,
  open: (device: string) => HostView["tun"]["error"] = tryOpen,
): HostView["tun"] {
  const isLoaded = drivers === null ? null : /^\s*\d+ tun$/m.test(drivers);
  const exists = pathExists(device);
  if (exists && isLoaded === false) return { isLoaded, error: null };
  return { isLoaded, error: open(device) };
}

function tryOpen(device: string): HostView["tun"]["error"] {
  const fd = libc.open(cString(device), O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
  if (fd < 0) {
    const { code, message } = new SysError(`open ${device}`, errno());
    return { code, message };
  }
  libc.close(fd);
  return null;
}

/** Why nf_tables won't make the rules of a tunnel. */
export function seeNfTables(netAdmin: boolean): HostView["nfTables"] {
  if (!netAdmin) return { hidden: "only root may ask nf_tables" };
  try {
    return { value: { 4: firewallProblem(4), 6: firewallProblem(6) } };
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    return { hidden: error.message };
  }
}

function firewallProblem(family: IpFamily): string | null {
  const address = IpAddress.fromBytes(new Uint8Array(family === 4 ? 4 : 16));
  const rules = { interfaceName: "wgts-doctor", family, addresses: [address], fwmark: 1 };
  return probeFirewall(rules)?.message ?? null;
}

/** What sockets such as an engine's get of the kernel. */
export function seeSockets(
  netAdmin: boolean,
): Pick<HostView, "buffers" | "missingOffloads"> {
  let sockets: UdpSockets;
  try {
    sockets = UdpSockets.open(0, 0);
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    return { buffers: { hidden: error.message }, missingOffloads: { hidden: error.message } };
  }
  try {
    return { buffers: seeBuffers(sockets, netAdmin), missingOffloads: seeOffloads(sockets) };
  } finally {
    sockets.close();
  }
}

function seeBuffers(sockets: UdpSockets, netAdmin: boolean): HostView["buffers"] {
  if (!netAdmin) return { hidden: "only root gets the buffers that an engine gets" };
  const memory = socketMemory(Math.max(sockets.ipv4, sockets.ipv6));
  if (memory === null) return { hidden: "the kernel doesn't tell of sockets' buffers" };
  return { value: { receive: memory.receiveBuffer, send: memory.sendBuffer } };
}

function seeOffloads(sockets: UdpSockets): Seen<readonly string[]> {
  const missing: string[] = [];
  const family = sockets.ipv4 >= 0 ? 4 : 6;
  if (!sockets.canSegment(family)) missing.push("UDP segmentation (4.18)");
  if (!sockets.setReceiveOffload(true)) missing.push("UDP receive offload (5.0)");
  const [major = 0, minor = 0] = (readText("/proc/sys/kernel/osrelease") ?? "").split(".").map(
    (part) => parseInt(part),
  );
  const [wantedMajor, wantedMinor] = TUN_USO_RELEASE;
  if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
    missing.push("UDP segmentation of TUN interfaces (6.2)");
  }
  return { value: missing };
}

/** The UDP ports in use, of both families, whoever uses them. */
export function seeUdpPorts(): Set<number> {
  const ports = new Set<number>();
  for (const path of ["/proc/net/udp", "/proc/net/udp6"]) {
    // The second field is the local address and port, in hexadecimal.
    for (const match of (readText(path) ?? "").matchAll(/^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) /gm)) {
      ports.add(parseInt(match[1] ?? "", 16));
    }
  }
  return ports;
}

function pathExists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
