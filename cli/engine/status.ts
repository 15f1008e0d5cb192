import type { Device } from "../../core/device.ts";
import type { Peer } from "../../core/peer.ts";
import type { Choice, Count, EndpointNameStatus, UapiStatus } from "../../core/uapi/status.ts";
import { interfaceNameOf } from "../../ffi/interface_name.ts";
import { networkNamespaceOfTun, ownNetworkNamespace } from "../../ffi/namespace.ts";
import { type SocketMemory, socketMemory } from "../../ffi/socket_memory.ts";
import type { TunDevice } from "../../ffi/tun.ts";
import { VERSION } from "../version.ts";
import type { OffloadState } from "./offload_report.ts";
import type { UdpBinding } from "./udp_binding.ts";

/** The parts of an engine that its status is read from. */
export interface StatusSources {
  readonly tun: TunDevice;
  readonly device: Device;
  readonly udp: UdpBinding;
  /** Datagrams that the system refused to send. */
  readonly refusedBySockets: number;
  /** Packets that the interface refused. */
  readonly refusedByInterface: number;
  /** Threads that work on packets. */
  readonly threads: number;
  /** Packets that were lost when one of them failed. */
  readonly lostByThreads: number;
  /** Milliseconds since 1970-01-01 UTC when the engine was started. */
  readonly startedAt: number;
  /** The implementations of the cryptography. */
  readonly cryptos: Choice[];
  readonly offloads: readonly OffloadState[];
  /** How the administrator calls the peer; null when it has no name. */
  nameOf(peer: Peer): string | null;
  /** How its endpoint is named; null when it isn't. */
  endpointNameOf(peer: Peer): EndpointNameStatus | null;
  /** Whether datagrams to the peer aren't joined for the kernel to cut, because that failed. */
  refusesSegmentation(peer: Peer): boolean;
}

/** How an engine runs at this moment. */
export function readStatus(sources: StatusSources): UapiStatus<Peer> {
  const { tun, device, udp, startedAt, cryptos } = sources;
  const sockets = readSockets(udp);
  const drops: Count[] = [
    { name: "socket-receive", count: sockets.reduce((sum, { drops }) => sum + drops, 0) },
    { name: "socket-send", count: sources.refusedBySockets },
    { name: "interface", count: sources.refusedByInterface },
    { name: "crypto-threads", count: sources.lostByThreads },
  ];
  return {
    engine: {
      version: VERSION,
      pid: Deno.pid,
      startedAt: Math.floor(startedAt / 1000),
      up: device.isUp,
      mtu: device.mtu,
      interfaceNamespace: networkNamespaceOfTun(tun.fd),
      socketNamespace: ownNetworkNamespace(),
      threads: sources.threads,
      receiveBuffer: sockets[0]?.receiveBuffer ?? 0,
      sendBuffer: sockets[0]?.sendBuffer ?? 0,
      cryptos,
      offloads: [...sources.offloads],
      drops,
    },
    publicKey: device.publicKey,
    listenPort: udp.port,
    fwmark: udp.fwmark,
    peers: device.peers,
    nameOf: (peer) => sources.nameOf(peer),
    endpointNameOf: (peer) => sources.endpointNameOf(peer),
    allowedIps: (peer) => device.allowedIps.walk(peer),
    refusesSegmentation: (peer) => sources.refusesSegmentation(peer),
    zoneName: interfaceNameOf,
  };
}

function readSockets({ sockets }: UdpBinding): SocketMemory[] {
  return [sockets?.ipv4 ?? -1, sockets?.ipv6 ?? -1]
    .filter((fd) => fd >= 0)
    .map(socketMemory)
    .filter((memory) => memory !== null);
}
