import type { Now } from "../../core/clock.ts";
import type { Device } from "../../core/device.ts";
import { Endpoint } from "../../core/endpoint.ts";
import { equalKeys } from "../../core/keys.ts";
import type { Peer } from "../../core/peer.ts";
import {
  EADDRINUSE,
  EINVAL,
  EIO,
  type UapiCommand,
  type UapiEndpoint,
} from "../../core/uapi/command.ts";
import type { ConfigEndpoint } from "../../core/config/types.ts";
import { neededScopeId } from "../../core/zone.ts";
import type { EndpointNames } from "./named_endpoints.ts";
import type { ResolverSettings } from "./stub_resolver.ts";

/** How the endpoints of a peer are found, of which a `set` request may tell. */
export interface EndpointNaming {
  set(peer: Peer, names: EndpointNames | null): void;
  lookUpEvery(seconds: number, peers: Iterable<Peer>): void;
  setResolver(settings: Partial<ResolverSettings>): void;
  onEndpointSet(peer: Peer): void;
}

/** What a `set` request of the control protocol may change. */
export interface SetTarget {
  readonly device: Device;
  readonly now: Now;
  /** Changes the UDP port; 0 lets the system choose. Throws, and changes nothing, when it can't. */
  setListenPort(port: number): void;
  /** Marks outgoing datagrams; 0 is off. Throws, and changes nothing, when it can't. */
  setFwmark(mark: number): void;
  /** Gives a peer the name that status tells; null takes it away. */
  setName(peer: Peer, name: string | null): void;
  readonly endpointNames: EndpointNaming;
  /** The index of the interface of that name; 0 when there is none. */
  interfaceIndex(name: string): number;
}

/** Peers removed in one step of `replace_peers`: about 30 microseconds. */
const PEERS_REMOVED_AT_ONCE = 8;

/**
 * Applies the commands of one `set=1` request in order, as wireguard-go does: each takes effect at
 * once, and those before a refused one stay.
 */
export class SetRequest {
  readonly #target: SetTarget;
  /** The peer that the current lines are about; null when there is none to change. */
  #peer: Peer | null = null;
  #created = false;
  /** Of that peer, until its endpoint is named. */
  #addresses: Endpoint[] = [];
  #fallbacks: ConfigEndpoint[] = [];
  /** Peers that are still to be removed. */
  #replaced: Iterator<Peer> | null = null;

  constructor(target: SetTarget) {
    this.#target = target;
  }

  /** Whether a command is still at work: {@linkcode proceed} before the next one. */
  get unfinished(): boolean {
    return this.#replaced !== null;
  }

  /** Does a small part of what is unfinished. */
  proceed(): void {
    for (let count = 0; count < PEERS_REMOVED_AT_ONCE; count++) {
      const next = this.#replaced?.next();
      if (next === undefined || next.done) {
        this.#replaced = null;
        return;
      }
      this.#target.device.removePeer(next.value);
    }
  }

  /** No more commands come, whether all were applied or not. */
  end(): void {
    this.#target.device.allowedIps.shrink();
  }

  /** Applies an `allowed_ip` command: `address` of 4 or 16 bytes, which is copied. It can't fail. */
  applyAllowedIp(address: Uint8Array, prefixLength: number, remove: boolean): void {
    const peer = this.#peer;
    if (peer === null || peer.removed) return;
    const { allowedIps } = this.#target.device;
    if (remove) allowedIps.remove(address, prefixLength, peer);
    else allowedIps.insert(address, prefixLength, peer);
  }

  /** Applies one command. Returns 0, or the errno to answer with. Keys in it are wiped. */
  apply(command: UapiCommand): number {
    const { device, now } = this.#target;
    // Another connection may have removed it since.
    const peer = this.#peer?.removed ? null : this.#peer;
    switch (command.kind) {
      case "private_key":
        device.setPrivateKey(command.value, now);
        command.value.fill(0);
        return 0;
      case "listen_port":
        return this.#changeSockets(() => this.#target.setListenPort(command.value));
      case "fwmark":
        return this.#changeSockets(() => this.#target.setFwmark(command.value));
      case "replace_peers":
        // Those of now: others may come by another connection meanwhile.
        this.#replaced = [...device.peers].values();
        return 0;
      case "public_key":
        return this.#selectPeer(command.value);
      case "update_only":
        if (peer !== null && this.#created) this.#removePeer(peer);
        return 0;
      case "remove":
        if (peer !== null) this.#removePeer(peer);
        return 0;
      case "preshared_key":
        peer?.setPresharedKey(command.value);
        command.value.fill(0);
        return 0;
      case "endpoint": {
        const endpoint = this.#endpointOf(command.value);
        if (endpoint === null) return EINVAL;
        if (peer === null) return 0;
        peer.setEndpoint(endpoint);
        this.#target.endpointNames.onEndpointSet(peer);
        return 0;
      }
      case "persistent_keepalive_interval":
        peer?.setPersistentKeepaliveInterval(command.value, now);
        return 0;
      case "replace_allowed_ips":
        if (peer !== null) device.allowedIps.removeByPeer(peer);
        return 0;
      case "allowed_ip": {
        const { address, length } = command.value;
        this.applyAllowedIp(address.bytes, length, command.remove);
        return 0;
      }
      case "name":
        if (peer !== null) this.#target.setName(peer, command.value);
        return 0;
      case "name_servers":
        this.#target.endpointNames.setResolver({ nameServers: command.value });
        return 0;
      case "follow_system_resolver":
        this.#target.endpointNames.setResolver({ followsSystem: command.value });
        return 0;
      case "reresolve_interval":
        this.#target.endpointNames.lookUpEvery(command.value, device.peers);
        return 0;
      case "endpoint_address": {
        const endpoint = this.#endpointOf(command.value);
        if (endpoint !== null) this.#addresses.push(endpoint);
        return 0;
      }
      case "fallback_endpoint":
        this.#fallbacks.push(command.value);
        return 0;
      case "endpoint_name":
        if (peer !== null) this.#nameEndpoint(peer, command.value);
        return 0;
      case "protocol_version":
        return 0;
    }
  }

  /**
   * The control protocol knows one errno for whatever fails about the port and the mark. Afterwards
   * other routes may hold, so the local addresses that peers were reached from are forgotten.
   */
  #changeSockets(change: () => void): number {
    try {
      change();
    } catch {
      return EADDRINUSE;
    }
    for (const peer of this.#target.device.peers) peer.clearEndpointSource();
    return 0;
  }

  #nameEndpoint(peer: Peer, name: ConfigEndpoint | null): void {
    const names = name === null
      ? null
      : { names: [name, ...this.#fallbacks] as const, addresses: this.#addresses };
    this.#target.endpointNames.set(peer, names);
  }

  /**
   * Null when its zone names no interface. What datagrams come from has a zone only where Linux needs one,
   * so with another one a peer would seem to roam at once.
   */
  #endpointOf({ address, port, zone }: UapiEndpoint): Endpoint | null {
    const indexOf = (name: string) => this.#target.interfaceIndex(name);
    const scopeId = neededScopeId(address.bytes, zone, indexOf);
    return scopeId === null ? null : new Endpoint(address.bytes, port, scopeId);
  }

  #selectPeer(publicKey: Uint8Array): number {
    const { device } = this.#target;
    this.#addresses = [];
    this.#fallbacks = [];
    const known = device.getPeer(publicKey);
    this.#created = known === undefined;
    this.#peer = known ?? device.addPeer(publicKey);
    if (this.#peer !== null) return 0;
    // Our own key as a peer's is ignored, and so are its lines, as the kernel does.
    const own = device.publicKey;
    return own !== null && equalKeys(own, publicKey) ? 0 : EIO;
  }

  #removePeer(peer: Peer): void {
    this.#target.device.removePeer(peer);
    this.#peer = null;
  }
}
