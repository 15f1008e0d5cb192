/**
 * Looks names up while a tunnel runs, which may be dead, and the system's own resolver behind it.
 *
 * @module
 */
import type { ConfigEndpoint } from "../../core/config/types.ts";
import type { LookupResult } from "../../core/dns_client/lookup.ts";
import type { SocketBinding } from "../../core/socket_binding.ts";
import { Arena } from "../../ffi/arena.ts";
import { EAI_NONAME } from "../../ffi/layout.ts";
import { PollSet } from "../../ffi/poll.ts";
import { channelPolls } from "../engine/channel_poll.ts";
import {
  RESOLVER_POLL_SLOTS,
  type ResolverSettings,
  StubResolver,
} from "../engine/stub_resolver.ts";
import { readTextFile } from "../engine/text_file.ts";
import { systemRandom } from "../random.ts";
import { type FullLookup, lookupFailure } from "./address_info.ts";
import { lookUpBySystem } from "./resolver.ts";

/** Between two looks for answers, in milliseconds. */
const LOOK_MS = 5;

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
  endpoint: ConfigEndpoint,
  options: TunnelLookup,
): Promise<FullLookup> {
  return endpointsOf(await ask(endpoint.host, options), endpoint) ?? UNKNOWN;
}

/**
 * The same while the rules of a tunnel that is dead keep in all that hasn't its mark, in the place of
 * getaddrinfo(3): a failure tells whether waiting may mend it. What the name servers don't know, the
 * system's resolver is asked for: it may have it from a file or a neighbour, and its queries can't
 * leave.
 */
export async function lookUpPastGuard(
  endpoint: ConfigEndpoint,
  options: TunnelLookup,
): Promise<FullLookup> {
  const result = await ask(endpoint.host, options);
  const found = endpointsOf(result, endpoint);
  if (found !== null) return found;
  const other = await lookUpBySystem(endpoint);
  // That it could reach nobody is no reason to try again what others know not to exist.
  return "error" in other && result.kind === "none" ? lookupFailure(EAI_NONAME) : other;
}

async function ask(
  host: string,
  { fwmark, binding, signal, nameServers, followsSystem, within = (body) => body() }: TunnelLookup,
): Promise<LookupResult> {
  const poll = new PollSet(new Arena(1), RESOLVER_POLL_SLOTS);
  const resolver = new StubResolver({
    poll: channelPolls(poll),
    random: systemRandom,
    mark: () => fwmark,
    binding,
    readFile: readTextFile,
  });
  resolver.settings = { nameServers, followsSystem };
  let found: LookupResult | null = null;
  resolver.lookUp(host, (result) => {
    found = result;
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

function endpointsOf(result: LookupResult, { port }: ConfigEndpoint): FullLookup | null {
  if (result.kind !== "found") return null;
  return result.addresses.map((address) => ({ address, port, zone: "" }));
}

/** Waiting mends nothing: the engine goes on asking anyway. */
const UNKNOWN: FullLookup = {
  error: EAI_NONAME,
  text: "No name server from before the tunnel knows an address",
};
