import type { SocketBinding } from "../../core/socket_binding.ts";
import { indexOfName } from "../../ffi/interface_name.ts";
import { UdpSockets } from "../../ffi/udp.ts";

/**
 * The interface's UDP port and mark, and the sockets that have them while it is up: as with the
 * kernel's WireGuard, the port is taken when the interface goes up.
 */
export class UdpBinding {
  /** The sockets, or null while the interface is down. */
  sockets: UdpSockets | null = null;
  /** Which local address and interface they are bound to. */
  readonly binding: SocketBinding;
  /** That of the interface that they are bound to, when they were opened. */
  #interfaceIndex = 0;
  #port = 0;
  #fwmark = 0;

  constructor(binding: SocketBinding) {
    this.binding = binding;
  }

  /** The port that is bound, or will be; 0 when the system is still to choose. */
  get port(): number {
    return this.#port;
  }

  /** Mark of outgoing datagrams; 0 is off. */
  get fwmark(): number {
    return this.#fwmark;
  }

  /** Binds. A port that the system chose is kept for the next time. Throws SysError. */
  open(): void {
    if (this.sockets !== null) return;
    this.#interfaceIndex = this.#findInterface();
    this.sockets = UdpSockets.open(this.#port, this.#fwmark, this.binding);
    this.#port = this.sockets.port;
  }

  /**
   * Opens the sockets anew if the name that they are bound to is another interface's by now, or there was
   * none before; "missing" says that there is none now. Throws SysError when it can't; then nothing changes.
   */
  followInterface(): "same" | "rebound" | "missing" {
    if (this.binding.interfaceName === null) return "same";
    // Before they are bound by the name: if another one gets it meanwhile, that is seen the next time.
    const index = this.#findInterface();
    if (index === 0) return "missing";
    if (this.sockets === null || index === this.#interfaceIndex) return "same";
    this.sockets.reopen();
    this.#interfaceIndex = index;
    return "rebound";
  }

  #findInterface(): number {
    const { interfaceName } = this.binding;
    return interfaceName === null ? 0 : indexOfName(interfaceName);
  }

  /** Unbinds. */
  close(): void {
    this.sockets?.close();
    this.sockets = null;
  }

  /** Changes the port; throws SysError, and changes nothing, when it can't be had. */
  setPort(port: number): void {
    if (port === this.#port && port !== 0) return;
    if (this.sockets !== null) {
      this.sockets.rebind(port);
      this.#port = this.sockets.port;
      return;
    }
    // Whoever sets a port should learn now that it is taken, not when the interface goes up.
    if (port !== 0) UdpSockets.open(port, 0, this.binding).close();
    this.#port = port;
  }

  /** Changes the mark; throws SysError, and changes nothing, when the system refuses. */
  setFwmark(fwmark: number): void {
    this.sockets?.setFwmark(fwmark);
    this.#fwmark = fwmark;
  }
}
