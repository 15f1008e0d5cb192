import { parseCryptoChoice } from "./crypto_choice.ts";
import { engineOption } from "./engine_options.ts";

/**
 * Makes sure that the cryptography that `options` of the engine ask for by name can be used, before
 * anything is changed.
 *
 * @throws Error with the reason when it can't
 */
export async function requireCrypto(options: readonly string[]): Promise<void> {
  const choice = parseCryptoChoice(engineOption(options, "--crypto") ?? "auto") ?? "auto";
  // What an engine chooses itself it always has.
  if (choice === "auto") return;
  const { chooseCrypto } = await import("./choose_crypto.ts");
  await chooseCrypto({ choice });
}
