import type { Session } from "./session.ts";

/**
 * The up to three sessions with one peer (whitepaper section 6.3 and the figure there). The
 * responder of a handshake must not use a session before the initiator has confirmed it with the
 * first message: until then it is the next one. The previous one still receives what is under way.
 *
 * @internal
 */
export class Sessions {
  #previous: Session | null = null;
  #current: Session | null = null;
  #next: Session | null = null;

  /** Receives only. */
  get previous(): Session | null {
    return this.#previous;
  }

  /** Sends and receives. */
  get current(): Session | null {
    return this.#current;
  }

  /** Receives only, and becomes the current one by that. */
  get next(): Session | null {
    return this.#next;
  }

  /** Takes up a session whose handshake was just completed. */
  add(session: Session): void {
    if (session.initiator) {
      // A next session that was never confirmed may be in use by the other side: it stays receivable.
      const unconfirmed = this.#next;
      this.#next = null;
      this.#previous?.erase();
      if (unconfirmed === null) {
        this.#previous = this.#current;
      } else {
        this.#previous = unconfirmed;
        this.#current?.erase();
      }
      this.#current = session;
    } else {
      this.#next?.erase();
      this.#previous?.erase();
      this.#previous = null;
      this.#next = session;
    }
  }

  /** A message of `session` was authenticated: true when that confirmed it, as the current one now. */
  confirm(session: Session): boolean {
    if (session !== this.#next) return false;
    // There was none since this session was added.
    this.#previous = this.#current;
    this.#current = session;
    this.#next = null;
    return true;
  }

  /** Erases all; false when there were none. */
  erase(): boolean {
    const any = this.#previous !== null || this.#current !== null || this.#next !== null;
    this.#previous?.erase();
    this.#current?.erase();
    this.#next?.erase();
    this.#previous = this.#current = this.#next = null;
    return any;
  }
}
