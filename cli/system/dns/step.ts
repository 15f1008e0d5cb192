/**
 * The step of `up` that sets a tunnel's DNS settings, and its undo.
 *
 * @module
 */
import { dnsLimits } from "../../../core/dns/manager.ts";
import type { Action, Undo } from "../../../core/plan.ts";
import type { Session } from "../session.ts";
import { formatNameservers } from "./original_nameservers.ts";

type SetDns = Action & { readonly kind: "set-dns" };
type UnsetDns = Undo & { readonly kind: "unset-dns" };

/**
 * Sets the DNS settings of the tunnel whose interface has the index `index`.
 * @throws Error when that isn't possible, or, if the session is strict, not in full
 */
export async function applyDns(
  session: Session,
  index: number,
  { manager, settings }: SetDns,
): Promise<void> {
  const limits = dnsLimits(settings, manager);
  if (session.strict && limits[0] !== undefined) throw new Error(limits[0]);
  for (const limit of limits) session.warn(limit);
  const notes = await session.system.setDns(tunnelOf(session, index), manager, settings);
  for (const note of notes) session.warn(note);
}

/** What the journal is to remember of the state before: where the system's own servers get lost. */
export function dnsBefore({ system }: Session, { manager }: SetDns): string | null {
  return manager.kind === "resolvconf" ? formatNameservers(system.originalNameservers()) : null;
}

/**
 * Takes back the DNS settings of the tunnel.
 *
 * @param index of its interface; null when it is gone
 * @throws Error when a file can't be restored
 */
export async function undoDns(
  session: Session,
  index: number | null,
  { manager }: UnsetDns,
): Promise<void> {
  const notes = await session.system.unsetDns(tunnelOf(session, index), manager);
  for (const note of notes) session.warn(note);
}

/**
 * Takes back the DNS settings of tunnels that ended without `down`.
 * @throws Error when a file can't be restored
 */
export async function repairDns(session: Session): Promise<void> {
  using _lock = await session.lockShared();
  const notes = session.system.repairDns(tunnelOf(session, null));
  for (const note of notes) session.print(`wgts: ${note}`);
}

/** The same, for commands that have something else to do: what can't be restored is a warning. */
export async function tryRepairDns(session: Session): Promise<void> {
  try {
    await repairDns(session);
  } catch (error) {
    session.signal.throwIfAborted();
    session.warn(
      `what a tunnel left behind stays: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function tunnelOf({ name, scope, directory }: Session, index: number | null) {
  return { name, index, scope, directory };
}
