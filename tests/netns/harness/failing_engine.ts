/**
 * An engine that fails when it is given a private key: `failing_engine.ts NAME` serves interface NAME
 * until then.
 */
import { main as runEngine } from "../../../cli/commands/engine.ts";
import { chooseCrypto } from "../../../cli/engine/choose_crypto.ts";
import { OpenInterface } from "../../../cli/engine/open_interface.ts";
import { sendOrders } from "../../../cli/engine/orders.ts";
import { MessageSocket } from "../../../ffi/message_socket.ts";
import { withX25519 } from "../../../core/crypto/compose.ts";

const chooseFailing: typeof chooseCrypto = async (...choice) => {
  const createCrypto = await chooseCrypto(...choice);
  const fail = () => {
    throw new Error("injected\n\x1b[31mfailure");
  };
  return (arena) => {
    const crypto = createCrypto(arena);
    const handshake = withX25519(crypto.handshake, { x25519: fail, x25519Base: fail });
    return { ...crypto, handshake };
  };
};

const name = Deno.args[0] ?? "";
const { tun, control } = OpenInterface.open(name, []);
const [own, engines] = MessageSocket.pair();
sendOrders(own, { tun: tun.fd, control: control.fd, status: null, options: [] });
Deno.exit(await runEngine([name, `--orders-fd=${engines.fd}`, "--log=stderr"], chooseFailing));
