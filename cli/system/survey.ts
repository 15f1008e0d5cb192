/**
 * How a running tunnel differs from its config.
 *
 * @module
 */
import type { ConfigEndpoint, QuickConfig } from "../../core/config/types.ts";
import type { InterfaceState } from "../../core/interface_state.ts";
import { formatPublicKey } from "../../core/keys.ts";
import type { Backend } from "../../core/plan.ts";
import type { RunningTunnel, StandingChange } from "../../core/plan/reload_steps.ts";
import {
  isEmptyChange,
  newEndpoint,
  peersByKey,
  type SyncChanges,
  syncInterface,
} from "../../core/plan/sync.ts";
import type { UapiEndpoint } from "../../core/uapi/command.ts";
import type { JournalEntry, JournalState } from "../journal.ts";
import type { Session } from "./session.ts";
import type { ResolvedEndpoints } from "./system.ts";
import { interfaceIndexOf } from "./tunnel.ts";

/** What a running tunnel is like, and what the config wants of it. */
export interface Survey {
  readonly backend: Backend;
  /** The interface's index. */
  readonly index: number;
  /** What the interface tells. Holds secrets. */
  readonly before: InterfaceState;
  /** The addresses of the endpoints that are new. */
  readonly endpoints: ResolvedEndpoints;
  /** Hold the config's keys. */
  readonly changes: SyncChanges;
  /** That the interface is to have, in bytes. */
  readonly mtu: number;
}

/**
 * Asks the interface what it is like, and looks up the endpoints that are new. Changes nothing.
 *
 * @throws whatever keeps the interface from answering, or a name from being resolved
 */
export async function survey(
  session: Session,
  state: JournalState,
  config: QuickConfig,
): Promise<Survey> {
  const { system, name } = session;
  const backend: Backend = state.engine === null ? "kernel" : "userspace";
  const index = interfaceIndexOf(state) ?? 0;
  const before = await system.readInterface(name, backend);
  try {
    const { endpoints: givenEndpoints } = state.header.made;
    const running = peersByKey(before);
    const found = new Map<ConfigEndpoint, readonly UapiEndpoint[]>();
    const used: UapiEndpoint[] = [];
    for (const peer of config.peers) {
      if (peer.endpoint === undefined) continue;
      const peerState = running.get(formatPublicKey(peer.publicKey));
      const wanted = newEndpoint(peer, peerState, givenEndpoints);
      if (wanted !== null) found.set(wanted, await system.resolve(wanted, session.signal));
      const endpoint = found.get(peer.endpoint)?.[0] ?? peerState?.endpoint ?? null;
      if (endpoint !== null) used.push(endpoint);
    }
    const resolve = (endpoint: ConfigEndpoint) => found.get(endpoint)?.[0] ?? null;
    return {
      endpoints: found,
      backend,
      index,
      before,
      changes: syncInterface(config, before, { givenEndpoints, resolve }),
      mtu: config.interface.mtu ?? system.discoverMtu(used, { index, fwmark: before.fwmark }),
    };
  } catch (error) {
    wipeKeys(before);
    throw error;
  }
}

/** The tunnel for the plan. */
export function runningTunnel(
  { system }: Session,
  { header, entries }: JournalState,
  { index, before, changes }: Survey,
): RunningTunnel {
  const { fwmark, listenPort } = before;
  return {
    ...system.inspectLink(index),
    made: header.made,
    changes: entries.flatMap((entry): StandingChange[] => {
      const stands = observe(system, entry);
      if (stands === false) return [];
      const { id, action, done } = entry;
      return [{ kind: "standing", id, action, isCertain: stands ?? done }];
    }),
    fwmark,
    listenPort,
    lacks: !isEmptyChange(changes.extend),
    exceeds: !isEmptyChange(changes.reduce),
  };
}

/** Whether the change of `entry` stands; null where that can't be seen. */
function observe(
  system: Session["system"],
  { action, undone }: JournalEntry,
): boolean | null {
  if (undone) return false;
  switch (action.kind) {
    case "add-rule":
      return action.priority !== null &&
        system.hasRule(action.family, action.rule, action.priority);
    case "add-unreachable":
      return system.hasUnreachable(action.family, action.table);
    case "set-src-valid-mark":
      return system.readSrcValidMark() === "1";
    default:
      return null;
  }
}

/** Overwrites the keys of `state`. */
export function wipeKeys({ privateKey, peers }: InterfaceState): void {
  privateKey?.fill(0);
  for (const { presharedKey } of peers) presharedKey?.fill(0);
}
