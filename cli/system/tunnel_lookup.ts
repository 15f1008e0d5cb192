/**
 * Looks names up while a tunnel runs, which may be dead, and the system's own resolver behind it.
 *
 * @module
 */
import type { ConfigEndpoint } from "../../core/config/types.ts";
import type { SocketBinding } from "../../core/socket_binding.ts";
import { Arena } from "../../ffi/arena.ts";
import { EAI_NONAME, POLLIN, POLLOUT } from "../../ffi/layout.ts";
import { PollSet } from "../../ffi/poll.ts";
import {
  RESOLVER_POLL_SLOTS,
  type ResolverSettings,
  StubResolver,
} from "../engine/stub_resolver.ts";
import { readTextFile } from "../engine/text_file.ts";
import { systemRandom } from "../random.ts";
import type { FullLookup } from "./address_info.ts";

/** Between two looks for answers, in milliseconds. */
const LOOK_MS = 5;
const EVENTS = { read: POLLIN, write: POLLOUT, nothing: 0 } as const;

/** How a {@linkcode lookUpPastTunnel} goes about it. */
export interface TunnelLookup extends ResolverSettings {
  /** The mark of the tunnel's own packets, which leave outside of it; 0 is none. */
  readonly fwmark: number;
  /** What its sockets are bound to. */
  readonly binding: SocketBinding;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Does what it is given in the network namespace of the tunnel's sockets; by default, in this one. */
  readonly within?: (body: () => void) => void;
}

/**
 * Asks name servers for `endpoint` as the engine of a tunnel does: those from before the tunnel, with the
 * mark of its own packets. What none of them knows counts as unknown.
 */
export async function lookUpPastTunnel(
  { host, port }: ConfigEndpoint,
  { fwmark, binding, signal, nameServers, followsSystem, within = (body) => body() }: TunnelLookup,
): Promise<FullLookup> {
  const poll = new PollSet(new Arena(1), RESOLVER_POLL_SLOTS);
  const resolver = new StubResolver({
    poll: (index) => ({
      watch: (fd, interest) => poll.set(index, fd, EVENTS[interest]),
      isReady: () => poll.ready(index) !== 0,
    }),
    random: systemRandom,
    mark: () => fwmark,
    binding,
    readFile: readTextFile,
  });
  resolver.settings = { nameServers, followsSystem };
  let found: FullLookup | null = null;
  resolver.lookUp(host, (addresses) => {
    found = addresses?.map((address) => ({ address, port, zone: "" })) ?? UNKNOWN;
  });
  try {
    while (found === null) {
      signal.throwIfAborted();
      poll.wait(0);
      within(() => resolver.step(performance.now()));
      if (found === null) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return found;
  } finally {
    resolver.close();
  }
}

/** Waiting mends nothing: the engine goes on asking anyway. */
const UNKNOWN: FullLookup = {
  error: EAI_NONAME,
  text: "No name server from before the tunnel knows an address",
};
