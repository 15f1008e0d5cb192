import type { IpAddress, IpFamily } from "../core/ip.ts";
import {
  decodeAddress,
  deleteAddress,
  dumpAddresses,
  type InterfaceAddress,
  type KernelAddress,
  newAddress,
} from "../core/netlink/address.ts";
import {
  describeAddress,
  describeLinkChange,
  describeRoute,
  describeRule,
} from "../core/netlink/describe.ts";
import {
  changeLink,
  createLink,
  createVethPair,
  decodeLink,
  deleteLink,
  dumpLinks,
  getLink,
  type Link,
  type LinkChange,
  type NamespaceReference,
  type VethEnd,
} from "../core/netlink/link.ts";
import {
  decodeRoute,
  deleteRoute,
  dumpRoutes,
  getRoute,
  type KernelRoute,
  newRoute,
  type Route,
  type RouteFilter,
  routeMatches,
} from "../core/netlink/route.ts";
import {
  decodeRule,
  deleteRule,
  dumpRules,
  isRule,
  type KernelRule,
  newRule,
  type Rule,
} from "../core/netlink/rule.ts";
import { Errno, SysError } from "./errno.ts";
import { NetlinkError, NetlinkSocket } from "./netlink_socket.ts";

/** What an addition does when the object is there already. */
export interface AddOptions {
  /** Whether that is fine; otherwise it fails with EEXIST. */
  readonly existingOk?: boolean;
}

/** How a route is added. */
export interface AddRouteOptions extends AddOptions {
  /** Whether it may stand beside another one of its destination and metric that isn't quite the same. */
  readonly append?: boolean;
}

const NO_SUCH_FAMILY: readonly number[] = [Errno.EAFNOSUPPORT, Errno.EOPNOTSUPP];
/** Errors of a lookup that mean: packets to this destination go nowhere. */
const NO_ROUTE: readonly number[] = [
  Errno.ENETUNREACH,
  Errno.EHOSTUNREACH, // an unreachable route
  Errno.EACCES, // a prohibit route
  Errno.EINVAL, // a blackhole route
  ...NO_SUCH_FAMILY,
];

/**
 * Links, addresses, routes and rules of one network namespace: what ip(8) does, by netlink.
 *
 * Methods that change something need CAP_NET_ADMIN. They throw {@linkcode SysError} with the operation
 * in words and the kernel's explanation. Deletions of what isn't there return false.
 */
export class Network implements Disposable {
  /** Speaks through `socket`, and closes it in the end. */
  constructor(readonly socket: NetlinkSocket) {}

  /** Opens the calling thread's network namespace; stays with it when the thread goes elsewhere. */
  static open(): Network {
    return new Network(NetlinkSocket.open());
  }

  /** All interfaces. */
  listLinks(): Link[] {
    return this.socket.dump(dumpLinks(), () => "list the interfaces", decodeLink);
  }

  /** The interface of that name, or null. */
  findLink(name: string): Link | null {
    try {
      return this.getLink(name);
    } catch (error) {
      if (error instanceof SysError && error.errno === Errno.ENODEV) return null;
      throw error;
    }
  }

  /** The interface of that name or index; ENODEV when there is none. */
  getLink(which: string | number): Link {
    const request = getLink(typeof which === "string" ? { name: which } : { index: which });
    const describe = () => `find the interface ${which}`;
    const link = decodeLink(this.socket.get(request, describe));
    if (link === null) throw new SysError(describe(), Errno.ENODEV);
    return link;
  }

  /** Changes the interface with that index. */
  changeLink(index: number, change: LinkChange): void {
    this.socket.request(
      changeLink(index, change),
      () => `set ${this.#linkName(index)} ${describeLinkChange(change)}`,
    );
  }

  /**
   * Creates an interface of a kind that needs no parameters, such as "bridge", in this namespace or another.
   * One of WireGuard has its UDP sockets in this one.
   */
  createLink(name: string, kind: string, namespace?: NamespaceReference): void {
    this.socket.request(
      createLink(name, kind, namespace),
      () => `create the ${kind} interface ${name}`,
    );
  }

  /** Creates a pair of Ethernet interfaces wired to each other, each in the namespace it names. */
  createVethPair(end: VethEnd, peer: VethEnd): void {
    this.socket.request(
      createVethPair(end, peer),
      () => `create the veth pair ${end.name} and ${peer.name}`,
    );
  }

  /** Deletes the interface with that index. */
  deleteLink(index: number): boolean {
    const describe = () => `delete the interface ${this.#linkName(index)}`;
    return this.socket.request(deleteLink(index), describe, [Errno.ENODEV]);
  }

  /** Addresses, those of one interface or family where given. */
  listAddresses(
    filter: { readonly family?: IpFamily; readonly interfaceIndex?: number } = {},
  ): KernelAddress[] {
    const { family = 0, interfaceIndex = 0 } = filter;
    const request = dumpAddresses(family, interfaceIndex);
    return this.socket.dump(request, () => "list the addresses", (payload) => {
      const address = decodeAddress(payload);
      // Kernels that lack a family list all, and old ones all interfaces.
      const wanted = address !== null && (family === 0 || address.address.family === family) &&
        (interfaceIndex === 0 || address.interfaceIndex === interfaceIndex);
      return wanted ? address : null;
    });
  }

  /** Adds an address. Returns whether it is new. */
  addAddress(address: InterfaceAddress, options: AddOptions = {}): boolean {
    const describe = () => `add address ${describeAddress(address, this.#linkName)}`;
    return this.socket.request(newAddress(address), describe, tolerated(options));
  }

  /** Deletes an address. */
  deleteAddress(address: InterfaceAddress): boolean {
    const describe = () => `delete address ${describeAddress(address, this.#linkName)}`;
    return this.socket.request(deleteAddress(address), describe, [
      Errno.EADDRNOTAVAIL,
      Errno.ENODEV,
    ]);
  }

  /** Routes of all tables, or of those that the filter lets through. */
  listRoutes(filter: RouteFilter & { readonly family?: IpFamily } = {}): KernelRoute[] {
    const families: readonly IpFamily[] = filter.family === undefined ? [4, 6] : [filter.family];
    return families.flatMap((family) => this.#listRoutes(family, filter));
  }

  /** The route that a packet to `destination` with firewall mark `mark` takes; null when it has none. */
  routeTo(destination: IpAddress, mark = 0): KernelRoute | null {
    const describe = () => `find the route to ${destination}`;
    try {
      return decodeRoute(this.socket.get(getRoute(destination, mark), describe));
    } catch (error) {
      if (error instanceof NetlinkError && NO_ROUTE.includes(error.errno)) return null;
      throw error;
    }
  }

  /** Adds a route. Returns whether it is new. */
  addRoute(route: Route, options: AddRouteOptions = {}): boolean {
    return this.socket.request(
      newRoute(route, options.append === true ? "append" : "fail"),
      () => this.#describeRoute("add", route),
      tolerated(options),
    );
  }

  /**
   * Adds many routes, far faster than one by one. All are tried.
   * @returns each route's error or null
   */
  addRoutes(routes: readonly Route[]): (NetlinkError | null)[] {
    return this.#batchRoutes("add", routes, routes.map((route) => newRoute(route)));
  }

  /** Deletes the first route that agrees in all that `route` tells. */
  deleteRoute(route: Route): boolean {
    return this.socket.request(deleteRoute(route), () => this.#describeRoute("delete", route), [
      Errno.ESRCH,
      Errno.ENOENT,
      Errno.ENODEV,
    ]);
  }

  /**
   * Deletes many routes, far faster than one by one. All are tried.
   * @returns each route's error or null; ESRCH or ENOENT where there was none
   */
  deleteRoutes(routes: readonly Route[]): (NetlinkError | null)[] {
    return this.#batchRoutes("delete", routes, routes.map(deleteRoute));
  }

  /** Rules in the order they are looked up; none where the kernel lacks the family. */
  listRules(family: IpFamily): KernelRule[] {
    try {
      return this.socket.dump(dumpRules(family), () => `list the IPv${family} rules`, (bytes) => {
        const rule = decodeRule(bytes);
        return rule?.family === family ? rule : null;
      });
    } catch (error) {
      if (error instanceof NetlinkError && NO_SUCH_FAMILY.includes(error.errno)) return [];
      throw error;
    }
  }

  /** The first rule that does what `rule` says and nothing but that; null when there is none. */
  findRule(rule: Rule): KernelRule | null {
    return this.listRules(rule.family).find((candidate) => isRule(candidate, rule)) ?? null;
  }

  /**
   * Adds a rule. Returns whether it is new. The kernel takes a rule without a priority for a new one
   * each time, before those that are there: see {@linkcode Network.findRule}.
   */
  addRule(rule: Rule, options: AddOptions = {}): boolean {
    const describe = () => `add rule ${describeRule(rule)}`;
    return this.socket.request(newRule(rule), describe, tolerated(options));
  }

  /**
   * Deletes the first rule that does what `rule` says and nothing but that. The kernel alone would
   * take any rule that has at least the conditions named.
   */
  deleteRule(rule: Rule): boolean {
    const found = this.findRule(rule);
    if (found === null) return false;
    const { attributes: _, ...exact } = found;
    const describe = () => `delete rule ${describeRule(rule)}`;
    return this.socket.request(deleteRule(exact), describe, [Errno.ENOENT]);
  }

  /** Closes the socket. */
  close(): void {
    this.socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #listRoutes(family: IpFamily, filter: RouteFilter): KernelRoute[] {
    const describe = () => `list the IPv${family} routes`;
    try {
      return this.socket.dump(dumpRoutes(family, filter), describe, (payload) => {
        const route = decodeRoute(payload);
        // A kernel that lacks a family lists all.
        const wanted = route !== null && route.destination.family === family &&
          routeMatches(route, filter);
        return wanted ? route : null;
      });
    } catch (error) {
      // The table has never been used.
      if (error instanceof NetlinkError && error.errno === Errno.ENOENT) return [];
      throw error;
    }
  }

  #batchRoutes(
    verb: string,
    routes: readonly Route[],
    requests: Parameters<NetlinkSocket["batch"]>[0],
  ) {
    return this.socket.batch(requests, (index) => {
      const route = routes[index];
      return route === undefined ? `${verb} routes` : this.#describeRoute(verb, route);
    });
  }

  #describeRoute(verb: string, route: Route): string {
    return `${verb} route ${describeRoute(route, this.#linkName)}`;
  }

  readonly #linkName = (index: number): string => {
    try {
      return this.getLink(index).name;
    } catch {
      return `#${index}`;
    }
  };
}

function tolerated({ existingOk = false }: AddOptions): readonly number[] {
  return existingOk ? [Errno.EEXIST] : [];
}
