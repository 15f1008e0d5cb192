import type { ConfigEndpoint, QuickConfig } from "../../core/config/types.ts";
import type { Backend } from "../../core/plan.ts";
import type { UapiEndpoint } from "../../core/uapi/command.ts";
import { messageOf } from "./message_of.ts";
import type { Session } from "./session.ts";
import type { ResolvedEndpoints, RunningResolver } from "./system.ts";

/** Lookups that are under way at the same time. */
const AT_ONCE = 16;

/** A tunnel that runs already, or did. */
export interface RunningNames extends RunningResolver {
  readonly backend: Backend;
}

/**
 * Looks up the endpoints of a config; `mark` is that of what gets past the rules of a dead tunnel in
 * whose place it comes, null where there are none. One that can't be found is only reported, since its
 * engine will go on looking; not so where the kernel serves the interface, or everything is to be as
 * configured.
 *
 * @throws Error when `session.signal` is aborted, or when an endpoint that must be found isn't
 */
export function resolveEndpoints(
  session: Session,
  { peers }: QuickConfig,
  mark: number | null,
): Promise<Map<ConfigEndpoint, readonly UapiEndpoint[]>> {
  const { backend } = session;
  // What the dead one gave the system was taken back.
  const dead = mark === null ? null : { backend, fwmark: mark, hasDns: false, isDead: true };
  return resolveAll(session, peers.flatMap(({ endpoint }) => endpoint ?? []), dead);
}

/** As {@linkcode resolveEndpoints} some endpoints, for a tunnel that is `running`, if it is. */
export async function resolveAll(
  session: Session,
  endpoints: readonly ConfigEndpoint[],
  running: RunningNames | null = null,
): Promise<Map<ConfigEndpoint, readonly UapiEndpoint[]>> {
  const found = new Map<ConfigEndpoint, readonly UapiEndpoint[]>();
  const left = endpoints.values();
  const resolveNext = async () => {
    for (const endpoint of left) found.set(endpoint, await resolve(session, endpoint, running));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, resolveNext));
  return found;
}

async function resolve(
  session: Session,
  endpoint: ConfigEndpoint,
  running: RunningNames | null,
): Promise<readonly UapiEndpoint[]> {
  const { system, signal, strict } = session;
  const backend = running?.backend ?? session.backend;
  try {
    return await system.resolve(endpoint, signal, running ?? undefined);
  } catch (error) {
    if (signal.aborted || strict || backend === "kernel") throw error;
    session.warn(
      `${messageOf(error)}: its peer can't be reached until that name has an address, ` +
        "which is looked for again and again",
    );
    return [];
  }
}

/** The addresses that peers are sought at first. */
export function firstAddresses(endpoints: ResolvedEndpoints): UapiEndpoint[] {
  return [...endpoints.values()].flatMap(([first]) => first ?? []);
}
