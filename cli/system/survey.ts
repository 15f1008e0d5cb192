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
  firstName,
  isEmptyChange,
  newEndpoint,
  peersByKey,
  type SyncChanges,
  syncInterface,
} from "../../core/plan/sync.ts";
import type { UapiEndpoint } from "../../core/uapi/command.ts";
import type { JournalEntry, JournalState } from "../journal.ts";
import { resolveAll } from "./resolve_endpoints.ts";
import { parseLiteral } from "./resolver.ts";
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
  /**
   * The addresses of the endpoints: of one that is new as they were found, none for one that wasn't; of any
   * other where its peer is now.
   */
  readonly endpoints: ResolvedEndpoints;
  /** Hold the config's keys. */
  readonly changes: SyncChanges;
  /** That the interface is to have, in bytes. */
  readonly mtu: number;
}

/**
 * Asks the interface what it is like, and looks up the endpoints that are new. Changes nothing.
 *
 * @throws whatever keeps the interface from answering; as `resolveEndpoints` does
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
    const found = await resolveAll(session, newEndpoints(config, backend, before, givenEndpoints), {
      backend,
      fwmark: before.fwmark,
      hasDns: hasDns(state),
    });
    const endpoints = new Map(found);
    const used: UapiEndpoint[] = [];
    for (const { publicKey, endpoint } of config.peers) {
      if (endpoint === undefined) continue;
      const present = running.get(formatPublicKey(publicKey))?.endpoint ?? null;
      if (present !== null && !found.has(endpoint)) endpoints.set(endpoint, [present]);
      const address = found.get(endpoint)?.[0] ?? present;
      if (address !== null) used.push(address);
    }
    const resolve = (endpoint: ConfigEndpoint) => found.get(endpoint)?.[0] ?? null;
    return {
      endpoints,
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

/** The endpoints that must be looked up. */
function newEndpoints(
  { peers }: QuickConfig,
  backend: Backend,
  before: InterfaceState,
  givenEndpoints: Readonly<Record<string, string>>,
): ConfigEndpoint[] {
  const running = peersByKey(before);
  return peers.flatMap((peer) => {
    const key = formatPublicKey(peer.publicKey);
    const state = running.get(key);
    const endpoint = newEndpoint(peer, state, givenEndpoints);
    if (endpoint === null || backend === "kernel" || parseLiteral(endpoint) !== null) {
      return endpoint ?? [];
    }
    // A name that had no address so far is what the engine looks for already: nobody has to wait.
    const isSought = state !== undefined && firstName(givenEndpoints[key]) === endpoint.text;
    return isSought ? [] : endpoint;
  });
}

/** Whether the tunnel gave the system DNS servers, or may have. */
function hasDns({ entries }: JournalState): boolean {
  return entries.some(({ action, undone }) => action.kind === "set-dns" && !undone);
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
