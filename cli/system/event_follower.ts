import { deriveEvents } from "../../core/events/derive.ts";
import type { EventPeer, InterfaceEvent, TunnelEvent } from "../../core/events/event.ts";
import { formatKey } from "../../core/keys.ts";
import type { InterfaceStatus } from "../../core/uapi/status.ts";
import { SysError } from "../../ffi/errno.ts";
import { configuredNames } from "./configured_names.ts";
import { endedEngine, listStatusSockets } from "./ended_engines.ts";
import { EventStream } from "./event_stream.ts";
import { listInterfaces } from "./list_interfaces.ts";
import { getStatus } from "./status_client.ts";

/** Between two looks for interfaces, and at those that tell no events, in milliseconds. */
const LOOK_MS = 1000;
/** For how long what serves an interface may keep silent, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** How often the reason of an engine's end is looked for in that time. */
const REASON_LOOKS = 20;

/** How {@linkcode EventFollower} goes about it. */
export interface FollowerOptions {
  /** The interfaces to follow; none for all there are. */
  readonly names: readonly string[];
  /** Aborted when it is to end. */
  readonly signal: AbortSignal;
  /**
   * Completed handshakes from before are told too, the last one of each peer, if it isn't older than this
   * (milliseconds since 1970-01-01 UTC); by default, none is.
   */
  readonly since?: number;
  /** Told of each event, in its order. */
  readonly onEvent: (event: InterfaceEvent) => void;
  /** Told, in one line, why an interface isn't followed for now. */
  readonly onProblem: (problem: string) => void;
  /** Called once all interfaces that there are at first are followed. */
  readonly onReady?: () => void;
}

/**
 * Follows what happens to interfaces: engines of wgts tell it, of other implementations and the kernel it is
 * derived from looks at them. Interfaces that end are followed again when they come back.
 */
export class EventFollower {
  readonly #options: FollowerOptions;
  readonly #followed = new Map<string, Promise<void>>();
  readonly #complained = new Map<string, string>();
  /** Whether interfaces that are found were there before anybody asked. */
  #isFirst = true;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Follows them until the signal is aborted. Throws when one that was named isn't there at first. */
  async run(): Promise<void> {
    const { names, signal, onReady } = this.#options;
    while (!signal.aborted) {
      const found = await list();
      const missing = this.#isFirst ? names.filter((name) => !found.includes(name)) : [];
      if (missing.length > 0) {
        throw new Error(`${missing.join(", ")}: no interface is served by that name`);
      }
      const wanted = names.length === 0 ? found : found.filter((name) => names.includes(name));
      const opened = wanted.filter((name) => !this.#followed.has(name))
        .map((name) => this.#follow(name, !this.#isFirst));
      await Promise.all(opened);
      if (this.#isFirst) onReady?.();
      this.#isFirst = false;
      await pause(signal);
    }
    await Promise.allSettled(this.#followed.values());
  }

  /** Begins to follow an interface; resolves once nothing that happens from then on is missed. */
  async #follow(name: string, isNew: boolean): Promise<void> {
    let stream: EventStream | null = null;
    try {
      stream = await EventStream.open(name);
      const wantsPast = !isNew && this.#options.since !== undefined;
      const status = stream === null || wantsPast ? await read(name) : null;
      const told = status !== null && wantsPast ? this.#tellPast(name, status) : NOTHING;
      if (isNew) this.#tell(name, { type: "interface-added", time: Date.now() });
      this.#complained.delete(name);
      const end = stream === null
        ? this.#poll(name, status ?? await read(name))
        : this.#listen(name, stream, told);
      const followed = end.catch((error) => this.#complain(name, error))
        .finally(() => this.#followed.delete(name));
      this.#followed.set(name, followed);
    } catch (error) {
      stream?.close();
      this.#complain(name, error);
    }
  }

  /** Gives the times of the handshakes that it tells, by the peers' keys. */
  #tellPast(name: string, status: InterfaceStatus): ReadonlyMap<string, number> {
    const { since = Infinity } = this.#options;
    const told = new Map<string, number>();
    for (const event of deriveEvents({ ...status, peers: [] }, status, Date.now())) {
      if (event.time < since) continue;
      if (event.peer !== undefined) told.set(formatKey(event.peer.publicKey), event.time);
      this.#tell(name, event);
    }
    return told;
  }

  /** @param told handshakes that were told already, as {@linkcode #tellPast} gives them */
  async #listen(
    name: string,
    stream: EventStream,
    told: ReadonlyMap<string, number>,
  ): Promise<void> {
    const { signal } = this.#options;
    const stop = () => stream.close();
    signal.addEventListener("abort", stop);
    try {
      let isRemoved = false;
      for await (const event of stream.events()) {
        if (!wasTold(event, told)) this.#tell(name, event);
        isRemoved ||= event.type === "interface-removed";
      }
      if (isRemoved || signal.aborted) return;
      const reason = await reasonOf(name, signal);
      this.#tell(name, { type: "interface-removed", time: Date.now(), reason });
    } finally {
      signal.removeEventListener("abort", stop);
      stream.close();
    }
  }

  async #poll(name: string, first: InterfaceStatus): Promise<void> {
    const { signal } = this.#options;
    let before = first;
    for (;;) {
      await pause(signal);
      if (signal.aborted) return;
      try {
        const after = await read(name);
        for (const event of deriveEvents(before, after, Date.now())) this.#tell(name, event);
        before = after;
      } catch (error) {
        if (!(error instanceof SysError)) throw error;
        this.#tell(name, { type: "interface-removed", time: Date.now(), reason: null });
        return;
      }
    }
  }

  #tell(name: string, event: TunnelEvent): void {
    if (this.#options.signal.aborted) return;
    const named = event.peer === undefined ? event : { ...event, peer: withName(name, event.peer) };
    this.#options.onEvent({ ...named, interface: name });
  }

  /** Once for each problem: it is tried again all the time. */
  #complain(name: string, error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    if (this.#complained.get(name) === problem) return;
    this.#complained.set(name, problem);
    this.#options.onProblem(`${name}: ${problem}`);
  }
}

/** No handshakes. */
const NOTHING: ReadonlyMap<string, number> = new Map();
/** Between the time of a handshake and that of its event, at most, in milliseconds. */
const SAME_HANDSHAKE_MS = 1000;

/** Whether `event` is one that was under way when the handshakes `told` were looked for. */
function wasTold({ type, peer, time }: TunnelEvent, told: ReadonlyMap<string, number>): boolean {
  if (type !== "handshake-completed" || peer === undefined) return false;
  const last = told.get(formatKey(peer.publicKey));
  return last !== undefined && time <= last + SAME_HANDSHAKE_MS;
}

/** Why the engine of `name` has ended; its sockets are closed a moment before it is gone. */
async function reasonOf(name: string, signal: AbortSignal): Promise<string | null> {
  for (let looks = 0; looks < REASON_LOOKS && !signal.aborted; looks++) {
    const ended = endedEngine(name);
    if (ended !== null) return ended.reason;
    await pause(signal, LOOK_MS / REASON_LOOKS);
  }
  return null;
}

function read(name: string): Promise<InterfaceStatus> {
  return getStatus(name, Date.now(), TIMEOUT_MS);
}

/** A peer that has no name gets the one in the interface's config, if that can be read. */
function withName(name: string, peer: EventPeer): EventPeer {
  if (peer.name !== null) return peer;
  return { ...peer, name: configuredNames(name).get(formatKey(peer.publicKey)) ?? null };
}

/** The interfaces that are served, as far as this user may know. */
async function list(): Promise<string[]> {
  try {
    return await listInterfaces();
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    return listStatusSockets();
  }
}

/** Waits until the next look, or until `signal` is aborted. */
function pause(signal: AbortSignal, milliseconds = LOOK_MS): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
  });
}
