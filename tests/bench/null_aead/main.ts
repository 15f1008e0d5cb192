/**
 * wgts without encryption of transport data, to measure what all the rest of the data path costs.
 * It is a program of its own: the real one has no way to get here. Never use it for anything else.
 */
import { main as runEngine } from "../../../cli/commands/engine.ts";
import { chooseCrypto } from "../../../cli/engine/choose_crypto.ts";
import { invocation } from "../../../cli/program_name.ts";
import { NullTransportAead } from "./null_transport_aead.ts";

const chooseNullAead: typeof chooseCrypto = async (...choice) => {
  const createCrypto = await chooseCrypto(...choice);
  return (arena) => {
    const { handshake, checksum } = createCrypto(arena);
    return { name: "null", transport: new NullTransportAead(arena.memory), handshake, checksum };
  };
};

if (import.meta.main) {
  const [command, ...args] = Deno.args;
  if (command === "engine") Deno.exit(await runEngine(args, chooseNullAead));
  // In a module of its own, so that it doesn't take itself for the main one.
  const { main } = await import("../../../cli/main.ts");
  Deno.exit(await main(invocation()));
}
