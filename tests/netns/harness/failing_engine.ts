/**
 * An engine that fails when it is given a private key: `failing_engine.ts NAME` serves interface NAME
 * until then.
 */
import { main as runEngine } from "../../../cli/commands/engine.ts";
import { chooseCrypto } from "../../../cli/engine/choose_crypto.ts";
import { openInterface } from "../../../cli/engine/open_interface.ts";
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

const { tun, control } = openInterface(Deno.args[0] ?? "");
const args = [tun.name, `--tun-fd=${tun.fd}`, `--control-fd=${control.fd}`, "--log=stderr"];
Deno.exit(await runEngine(args, chooseFailing));
