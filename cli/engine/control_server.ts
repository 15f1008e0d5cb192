import {
  ControlConnection,
  type ControlStream,
  type ControlTarget,
  type Requests,
} from "./control_connection.ts";

/** The listening control socket: gives the next client, or null when none waits. */
export interface ControlListener {
  readonly fd: number;
  accept(): ControlStream | null;
}

/** Connections served at the same time; more wait in the socket's backlog. */
export const MAX_CONNECTIONS = 32;
/** A connection on which nothing happens for so long (milliseconds) makes room for one that waits. */
export const IDLE_MS = 1000;

/** What the server waits for: the engine's poll set. */
export interface ControlPoll {
  /** Lets slot `index` wait for `fd` to be readable or writable; "nothing" frees it. */
  watch(index: number, fd: number, interest: "read" | "write" | "nothing"): void;
  isReady(index: number): boolean;
}

/** The poll slots that a server uses: one for the listener, one per connection. */
export const CONTROL_POLL_SLOTS: number = MAX_CONNECTIONS + 1;

const LISTENER_SLOT = 0;

/**
 * Serves the control protocol to several clients in turns, each for as long as there is time. When there
 * are too many, the one that was idle for longest is cut off, so that nobody can lock out all others by
 * connecting and doing nothing.
 */
export class ControlServer {
  readonly #listener: ControlListener;
  readonly #target: ControlTarget;
  readonly #poll: ControlPoll;
  readonly #requests: Requests;
  readonly #connections: (Served | null)[] = new Array(MAX_CONNECTIONS).fill(null);
  /** Whose turn is first: a busy client must not starve those behind it. */
  #first = 0;
  /** A client waits for a free slot, so the listener isn't polled. */
  #crowded = false;

  /** Clients may ask for what `requests` says. */
  constructor(
    listener: ControlListener,
    target: ControlTarget,
    poll: ControlPoll,
    requests: Requests = "all",
  ) {
    this.#listener = listener;
    this.#target = target;
    this.#poll = poll;
    this.#requests = requests;
    poll.watch(LISTENER_SLOT, listener.fd, "read");
  }

  /** Serves who is ready until `expired`. True when a client has more work that needs no waiting. */
  step(expired: () => boolean): boolean {
    if (this.#poll.isReady(LISTENER_SLOT)) this.#accept();
    if (this.#crowded) this.#makeRoom();
    let more = false;
    for (let i = 0; i < MAX_CONNECTIONS; i++) {
      const slot = (this.#first + i) % MAX_CONNECTIONS;
      const served = this.#connections[slot] ?? null;
      if (served === null) continue;
      const { hasMore, connection } = served;
      if (!hasMore && !connection.hasEvents && !this.#poll.isReady(slot + 1)) continue;
      if (expired()) {
        this.#first = slot;
        return true;
      }
      served.activeAt = this.#target.now.boot;
      const state = served.connection.step(expired);
      served.hasMore = state === "more";
      if (state === "more") more = true;
      else if (state === "closed") this.#release(slot);
      else this.#poll.watch(slot + 1, served.connection.fd, state);
    }
    this.#first = (this.#first + 1) % MAX_CONNECTIONS;
    // What one client asked for may be an event for another one whose turn is over.
    for (const served of this.#connections) if (served?.connection.hasEvents) more = true;
    return more;
  }

  /**
   * When to call {@linkcode step} at the latest, boot milliseconds, though nothing is ready; or
   * Infinity.
   */
  nextDeadline(): number {
    const idlest = this.#crowded ? this.#idlest() : null;
    return idlest === null ? Infinity : idlest.activeAt + IDLE_MS;
  }

  /** Ends all connections. */
  close(): void {
    this.#connections.forEach((served, slot) => {
      served?.connection.close();
      this.#release(slot);
    });
    this.#poll.watch(LISTENER_SLOT, -1, "nothing");
  }

  #accept(): void {
    let accepted = false;
    for (let slot = 0; slot < MAX_CONNECTIONS; slot++) {
      if (this.#connections[slot] !== null) continue;
      const stream = this.#listener.accept();
      if (stream === null) return;
      const connection = new ControlConnection(stream, this.#target, this.#requests);
      // Its first read waits for the poll: most clients write a moment after they connect.
      this.#connections[slot] = {
        connection,
        slot,
        hasMore: false,
        activeAt: this.#target.now.boot,
      };
      this.#poll.watch(slot + 1, stream.fd, "read");
      accepted = true;
    }
    if (accepted) return; // Whether another client waits will show.
    // The listener stays readable, which must not keep the engine awake.
    this.#crowded = true;
    this.#poll.watch(LISTENER_SLOT, -1, "nothing");
  }

  #makeRoom(): void {
    const idlest = this.#idlest();
    if (idlest === null || this.#target.now.boot - idlest.activeAt < IDLE_MS) return;
    idlest.connection.close();
    this.#release(idlest.slot);
  }

  /** The connection on which nothing has happened for longest; null when all have something to do. */
  #idlest(): Served | null {
    let idlest: Served | null = null;
    for (const served of this.#connections) {
      // A reader of events may wait for them as long as it likes; there are few of them.
      if (
        served === null || served.connection.isEventReader || served.hasMore ||
        this.#poll.isReady(served.slot + 1)
      ) continue;
      if (idlest === null || served.activeAt < idlest.activeAt) idlest = served;
    }
    return idlest;
  }

  #release(slot: number): void {
    this.#connections[slot] = null;
    this.#crowded = false;
    this.#poll.watch(slot + 1, -1, "nothing");
    this.#poll.watch(LISTENER_SLOT, this.#listener.fd, "read");
  }
}

interface Served {
  readonly connection: ControlConnection;
  readonly slot: number;
  /** It stopped for lack of time, not for lack of input. */
  hasMore: boolean;
  /** When bytes last went either way, boot milliseconds. */
  activeAt: number;
}
