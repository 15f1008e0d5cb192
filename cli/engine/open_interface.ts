import { controlSocketPath } from "../../core/uapi/client.ts";
import { Network } from "../../ffi/network.ts";
import { TunDevice } from "../../ffi/tun.ts";
import { UnixListener } from "../../ffi/unix_socket.ts";
import { engineOption } from "./engine_options.ts";
import { openStatusSocket, removeStatusSocket } from "./status_socket.ts";

/** MTU of an interface, in bytes, until it is told another: an Ethernet's less what the tunnel adds. */
const DEFAULT_MTU = 1420;

/** File descriptors that were inherited; null where there is none. */
export interface InheritedFds {
  readonly tun: number | null;
  readonly control: number | null;
}

/** What an engine is to serve, open in the process that starts it. */
export class OpenInterface {
  private constructor(
    readonly tun: TunDevice,
    /** Its control socket, which listens. */
    readonly control: UnixListener,
    /** Its status socket; null for none. */
    readonly status: UnixListener | null,
  ) {}

  /**
   * Opens the interface `name` and its sockets: takes over what was inherited, and creates the rest. An
   * interface that was inherited keeps its own name. `options` are the engine's.
   *
   * @throws SysError with advice
   */
  static open(
    name: string,
    options: readonly string[],
    inherited: InheritedFds = { tun: null, control: null },
  ): OpenInterface {
    const tun = inherited.tun === null
      ? TunDevice.open(name, { vnetHeader: true })
      : TunDevice.fromFd(inherited.tun);
    let control: UnixListener | null = null;
    try {
      setDefaultMtu(tun.name);
      const path = controlSocketPath(tun.name);
      control = inherited.control === null
        ? UnixListener.listen(path)
        : UnixListener.fromFd(inherited.control, path);
      return new OpenInterface(tun, control, openStatus(tun.name, options));
    } catch (error) {
      control?.close();
      tun.close();
      throw error;
    }
  }

  /** Closes it here, where an engine serves it: the interface and the sockets' files stay. */
  handOver(): void {
    this.control.abandon();
    this.status?.abandon();
    this.tun.close();
  }

  /** Closes it: the interface goes, and the sockets' files. */
  close(): void {
    this.status?.close();
    this.control.close();
    this.tun.close();
  }
}

/** The status socket that `options` ask for. */
function openStatus(name: string, options: readonly string[]): UnixListener | null {
  const group = engineOption(options, "--status-group");
  if (group !== undefined) return openStatusSocket(name, group);
  // Readers would take one that a dead engine left for a sign of death.
  removeStatusSocket(name);
  return null;
}

function setDefaultMtu(name: string): void {
  using network = Network.open();
  network.changeLink(network.getLink(name).index, { mtu: DEFAULT_MTU });
}
