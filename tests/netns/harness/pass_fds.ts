/**
 * Opens the TUN interface that its first argument names and a control socket of that name, and becomes the
 * command that its other arguments are, with `WG_TUN_FD` and `WG_UAPI_FD` in the environment.
 */
import { setCloseOnExec } from "../../../ffi/fd.ts";
import { execute } from "../../../ffi/process.ts";
import { TunDevice } from "../../../ffi/tun.ts";
import { UnixListener } from "../../../ffi/unix_socket.ts";

const [name = "", path = "", ...args] = Deno.args;
const tun = TunDevice.open(name, { vnetHeader: true });
const control = UnixListener.listen(`/var/run/wireguard/${name}.sock`);
setCloseOnExec(tun.fd, false);
setCloseOnExec(control.fd, false);
execute({
  path,
  arguments: [path, ...args],
  environment: {
    ...Deno.env.toObject(),
    WG_TUN_FD: String(tun.fd),
    WG_UAPI_FD: String(control.fd),
  },
});
