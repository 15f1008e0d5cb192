import type { ConfigEndpoint, QuickConfig } from "../../core/config/types.ts";
import type { UapiEndpoint } from "../../core/uapi/command.ts";
import { messageOf } from "./message_of.ts";
import type { Session } from "./session.ts";
import type { ResolvedEndpoints } from "./system.ts";

/** Lookups that are under way at the same time. */
const AT_ONCE = 16;

/**
 * Looks up the endpoints of a config. One that can't be found is only reported, since its engine will go
 * on looking; not so where the kernel serves the interface, or everything is to be as configured.
 *
 * @throws Error when `session.signal` is aborted, or when an endpoint that must be found isn't
 */
export async function resolveEndpoints(
  session: Session,
  { peers }: QuickConfig,
): Promise<Map<ConfigEndpoint, readonly UapiEndpoint[]>> {
  const found = new Map<ConfigEndpoint, readonly UapiEndpoint[]>();
  const left = peers.flatMap(({ endpoint }) => endpoint ?? []).values();
  const resolveNext = async () => {
    for (const endpoint of left) found.set(endpoint, await resolve(session, endpoint));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, resolveNext));
  return found;
}

async function resolve(
  session: Session,
  endpoint: ConfigEndpoint,
): Promise<readonly UapiEndpoint[]> {
  const { system, signal, strict, backend } = session;
  try {
    return await system.resolve(endpoint, signal);
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
