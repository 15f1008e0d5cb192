import type { Now } from "../../core/clock.ts";
import type { IpFamily } from "../../core/ip.ts";
import { errnoName } from "../../ffi/errno.ts";
import type { TunDevice } from "../../ffi/tun.ts";
import type { UdpSockets } from "../../ffi/udp.ts";
import type { DataPath } from "./data_path.ts";
import { TCP_KINDS, UDP_KINDS } from "./interface_writer.ts";
import type { Logger } from "./log.ts";
import type { OffloadOption } from "./offload_option.ts";
import type { OffloadName, OffloadReport, OffloadState } from "./offload_report.ts";

const BY_OPTION = "by option";
const UNKNOWN = "the kernel lacks it";

/** What offloads work on. */
export interface OffloadsOptions {
  readonly option: OffloadOption;
  readonly tun: TunDevice;
  readonly path: DataPath;
  readonly logger: Logger;
  /** The time, kept up to date by the engine. */
  readonly now: Now;
}

/**
 * Turns on the offloads that the option allows and the kernel has, and off again what turns out not to
 * work. Keeps account of both.
 */
export class Offloads implements OffloadReport {
  readonly #option: OffloadOption;
  readonly #path: DataPath;
  readonly #logger: Logger;
  readonly #now: Now;
  /** The sockets last used: their file descriptors change with the port. */
  #inUse = { sockets: null as UdpSockets | null, ipv4: -1, ipv6: -1 };
  readonly #states = new Map<OffloadName, OffloadState>();

  /** Turns on those of the interface; those of the sockets have to wait for {@linkcode useSockets}. */
  constructor({ option, tun, path, logger, now }: OffloadsOptions) {
    this.#option = option;
    this.#path = path;
    this.#logger = logger;
    this.#now = now;
    this.#useInterface(tun);
    path.writer.onMergedRefused = (kinds, error) => this.#mergedRefused(kinds, error);
    path.sender.onGsoUnsupported = (version, error) =>
      this.#turnOff(gsoName(version), errnoName(error));
    path.sender.onGsoRetried = (version) => this.#retry(gsoName(version));
  }

  /** All of them, in the order of {@linkcode OffloadName}; those of the sockets while there are any. */
  get offloads(): readonly OffloadState[] {
    return [...this.#states.values()];
  }

  /** Turns on those of the sockets, unless they are the same as before: what failed stays off. */
  useSockets(sockets: UdpSockets): void {
    const { ipv4, ipv6 } = sockets;
    const { sockets: last, ipv4: last4, ipv6: last6 } = this.#inUse;
    if (sockets === last && ipv4 === last4 && ipv6 === last6) return;
    this.#inUse = { sockets, ipv4, ipv6 };
    const { udpGso, udpGro } = this.#option;
    const { gso } = this.#path.sender;
    for (const version of [4, 6] as const) {
      const fd = version === 4 ? ipv4 : ipv6;
      gso[version] = udpGso && fd >= 0 && sockets.canSegment(version);
      this.#set(gsoName(version), gso[version], reasonAgainst(udpGso, fd >= 0));
    }
    const joined = sockets.setReceiveOffload(udpGro);
    this.#set("udp-gro", udpGro && joined, reasonAgainst(udpGro, true));
  }

  #useInterface(tun: TunDevice): void {
    const allowed = this.#option.tun;
    const kernel = allowed ? tun.enableOffload() : null;
    const reason = reasonAgainst(allowed, true);
    this.#set("tun-tso", kernel?.tso ?? false, reason);
    this.#set("tun-uso", kernel?.uso ?? false, reason);
    // The kernel that can't hand over UDP super-packets can't take any either.
    this.#set("tun-gro-tcp", allowed, reason);
    this.#set("tun-gro-udp", kernel?.uso ?? false, reason);
    this.#path.writer.kinds = (allowed ? TCP_KINDS : 0) | (kernel?.uso ? UDP_KINDS : 0);
  }

  #mergedRefused(kinds: number, error: number): void {
    this.#turnOff(kinds === TCP_KINDS ? "tun-gro-tcp" : "tun-gro-udp", errnoName(error));
  }

  #turnOff(name: OffloadName, error: string): void {
    const reason = `turned off by ${error} at ${new Date(this.#now.wall).toISOString()}`;
    this.#set(name, false, reason);
    this.#logger.info(`offload ${name} ${reason}`);
  }

  #retry(name: OffloadName): void {
    this.#set(name, true, "");
    this.#logger.info(`offload ${name} is tried again`);
  }

  #set(name: OffloadName, on: boolean, reason: string): void {
    this.#states.set(name, { name, on, reason: on ? "" : reason });
  }
}

function gsoName(version: IpFamily): OffloadName {
  return version === 4 ? "udp-gso-ipv4" : "udp-gso-ipv6";
}

/** Why an offload that `allowed` may be used isn't; `present` says whether there is a socket for it. */
function reasonAgainst(allowed: boolean, present: boolean): string {
  if (!allowed) return BY_OPTION;
  return present ? UNKNOWN : "there is no socket for it";
}
