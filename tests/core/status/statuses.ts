import type { EngineStatus, InterfaceStatus, PeerStatus } from "../../../core/uapi/status.ts";

/** The peer of public key `byte` repeated, idle but for `values`. */
export function peerStatus(byte: number, values: Partial<PeerStatus> = {}): PeerStatus {
  return {
    publicKey: new Uint8Array(32).fill(byte),
    name: null,
    endpoint: null,
    allowedIps: [],
    lastHandshake: { seconds: 0, nanoseconds: 0 },
    receivedBytes: 0,
    sentBytes: 0,
    persistentKeepalive: 0,
    refusesSegmentation: false,
    endpointName: null,
    ...values,
  };
}

export const ENGINE: EngineStatus = {
  version: "1.2.3",
  pid: 4711,
  startedAt: 1_700_000_000,
  up: true,
  mtu: 1420,
  interfaceNamespace: 1,
  socketNamespace: 1,
  threads: 2,
  receiveBuffer: 14680064,
  sendBuffer: 212992,
  cryptos: [{ name: "wasm", on: false, reason: "slow" }, { name: "native", on: true, reason: "" }],
  offloads: [{ name: "udp-gro", on: true, reason: "" }, { name: "tun-tso", on: false, reason: "" }],
  drops: [{ name: "interface", count: 7 }],
};

/** An interface of wgts' engine without peers, but for `values`. */
export function interfaceStatus(values: Partial<InterfaceStatus> = {}): InterfaceStatus {
  return {
    name: "wg0",
    publicKey: new Uint8Array(32).fill(9),
    listenPort: 51820,
    fwmark: 0,
    backend: "wgts",
    engine: ENGINE,
    peers: [],
    ...values,
  };
}
