import { inNewNetworkNamespace } from "../../ffi/namespace.ts";
import { rootTest } from "./privileged.ts";

/** Runs nft(8) in the calling thread's network namespace, and returns what it prints. */
export function nft(...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command("nft", { args }).outputSync();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`nft ${args.join(" ")}: ${decode(stderr)}`);
  return decode(stdout);
}

/** A test in a network namespace of its own, which needs root and nft(8). */
export function nftTest(name: string, body: () => void): void {
  if (hasNft() || Deno.env.get("CI") !== undefined) {
    rootTest(name, () => inNewNetworkNamespace(body));
  } else {
    Deno.test({ name: `${name} (needs nftables)`, ignore: true, fn: () => {} });
  }
}

function hasNft(): boolean {
  try {
    return new Deno.Command("nft", { args: ["--version"], stdout: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
