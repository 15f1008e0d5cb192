import { LinkChangeWatch } from "../../ffi/link_change_watch.ts";
import type { Logger } from "./log.ts";
import type { UdpBinding } from "./udp_binding.ts";

/**
 * Keeps UDP sockets bound to the interface that has the name which they are bound to: Linux binds them
 * to the one that had it once, and they are deaf and dumb when that is gone, though another one takes
 * its place.
 */
export class BoundInterface {
  readonly #name: string;
  readonly #udp: UdpBinding;
  readonly #logger: Logger;
  readonly #watch: LinkChangeWatch;
  /** What was last said, so that it is said once. */
  #said = "";

  private constructor(name: string, udp: UdpBinding, logger: Logger) {
    this.#name = name;
    this.#udp = udp;
    this.#logger = logger;
    this.#watch = LinkChangeWatch.open();
  }

  /** Null when they are bound to none. Throws SysError when it can't be watched. */
  static follow(udp: UdpBinding, logger: Logger): BoundInterface | null {
    const { interfaceName } = udp.binding;
    return interfaceName === null ? null : new BoundInterface(interfaceName, udp, logger);
  }

  /** Whether there is one of that name, when it was looked for last. */
  isThere = true;

  /** When it is readable, {@linkcode step} is to be called. */
  get fd(): number {
    return this.#watch.fd;
  }

  /** Opens the sockets anew where they must be. Returns whether they are others now. */
  step(): boolean {
    try {
      this.#watch.acknowledge();
      const outcome = this.#udp.followInterface();
      this.isThere = outcome !== "missing";
      if (outcome === "rebound") this.#logger.info(`bound to the interface ${this.#name} anew`);
      const text = `the interface ${this.#name} is gone: nothing is sent or received without it`;
      this.#say(outcome === "missing" ? text : "");
      return outcome === "rebound";
    } catch (error) {
      // Such as an address that isn't there yet: then this is called again when it is.
      this.isThere = true;
      this.#say(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  /** Ends it. */
  close(): void {
    this.#watch.close();
  }

  #say(text: string): void {
    if (text !== "" && text !== this.#said) this.#logger.error(text);
    this.#said = text;
  }
}
