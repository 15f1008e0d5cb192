import { formatKey } from "../keys.ts";
import type { Backend, EngineStatus, InterfaceStatus, PeerStatus } from "../uapi/status.ts";
import { formatUapiEndpoint } from "../uapi/values.ts";

/** What was seen of an interface at a time. Plain data, so that it can go from thread to thread. */
export interface InterfaceSample {
  readonly name: string;
  /** Milliseconds, on a clock that only goes forward. */
  readonly time: number;
  /** What it told, or why it could not be asked. */
  readonly found: InterfaceFound | InterfaceProblem;
}

/** An interface that could not be asked. Its texts come from outside and aren't fit for a terminal. */
export interface InterfaceProblem {
  /** What is wrong, in a few words. */
  readonly problem: string;
  /** Why; "" when there is no more to say. */
  readonly reason: string;
}

/** An interface that answered. */
export interface InterfaceFound {
  /** UDP port; 0 is none. */
  readonly listenPort: number;
  /** How it runs, in a few words. */
  readonly state: string;
  readonly peers: readonly PeerSample[];
}

/** A peer of an interface. Its texts come from outside and aren't fit for a terminal. */
export interface PeerSample {
  /** Public key in base64. */
  readonly key: string;
  /** How its administrator calls it; null when it has no name. */
  readonly name: string | null;
  /** Null when not known. */
  readonly endpoint: string | null;
  /** Seconds since 1970-01-01 UTC of the last handshake; 0 is never. */
  readonly handshakeAt: number;
  /** Bytes from the peer. */
  readonly receivedBytes: number;
  /** Bytes to the peer. */
  readonly sentBytes: number;
}

/** What the view needs of `status`, which was told at `time`. */
export function sampleOf(status: InterfaceStatus, time: number): InterfaceSample {
  const { name, listenPort, engine, backend } = status;
  const state = engine === null ? BACKENDS[backend] : stateOf(engine);
  return { name, time, found: { listenPort, state, peers: status.peers.map(peerSample) } };
}

const BACKENDS: Readonly<Record<Backend, string>> = {
  wgts: "wgts",
  userspace: "another implementation",
  kernel: "kernel",
};

function peerSample(peer: PeerStatus): PeerSample {
  const { publicKey, endpoint, lastHandshake, receivedBytes, sentBytes } = peer;
  return {
    key: formatKey(publicKey),
    name: peer.name,
    endpoint: endpoint === null ? null : formatUapiEndpoint(endpoint),
    handshakeAt: lastHandshake.seconds,
    receivedBytes,
    sentBytes,
  };
}

function stateOf({ up, drops }: EngineStatus): string {
  const lost = drops.reduce((sum, { count }) => sum + count, 0);
  return `${up ? "up" : "down"}${lost === 0 ? "" : `, ${lost} dropped`}`;
}
