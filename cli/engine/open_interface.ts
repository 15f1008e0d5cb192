import { Network } from "../../ffi/network.ts";
import { TunDevice } from "../../ffi/tun.ts";
import { UnixListener } from "../../ffi/unix_socket.ts";
import { controlSocketPath } from "./control_path.ts";

/** MTU of an interface, in bytes, until it is told another: an Ethernet's less what the tunnel adds. */
const DEFAULT_MTU = 1420;

/** What an engine serves. */
export interface OpenInterface {
  readonly tun: TunDevice;
  /** Its control socket, which listens. */
  readonly control: UnixListener;
}

/** File descriptors that were inherited; null where there is none. */
export interface InheritedFds {
  readonly tun: number | null;
  readonly control: number | null;
}

/**
 * Opens the interface `name` and its control socket: takes over what was inherited, and creates the
 * rest. An interface that was inherited keeps its own name.
 *
 * @throws SysError with advice
 */
export function openInterface(
  name: string,
  inherited: InheritedFds = { tun: null, control: null },
): OpenInterface {
  const tun = inherited.tun === null
    ? TunDevice.open(name, { vnetHeader: true })
    : TunDevice.fromFd(inherited.tun);
  try {
    setDefaultMtu(tun.name);
    const path = controlSocketPath(tun.name);
    const control = inherited.control === null
      ? UnixListener.listen(path)
      : UnixListener.fromFd(inherited.control, path);
    return { tun, control };
  } catch (error) {
    tun.close();
    throw error;
  }
}

function setDefaultMtu(name: string): void {
  using network = Network.open();
  network.changeLink(network.getLink(name).index, { mtu: DEFAULT_MTU });
}
