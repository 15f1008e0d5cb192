import { inNewNetworkNamespace } from "../../ffi/namespace.ts";
import { rootTest } from "./privileged.ts";

/** An object of `ip -json`. */
export type IpObject = Record<string, unknown>;

/** Runs ip(8) in the calling thread's network namespace and returns what it prints, as objects. */
export function ip(...args: string[]): IpObject[] {
  const { success, stdout, stderr } = new Deno.Command("ip", { args: ["-json", "-d", ...args] })
    .outputSync();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) throw new Error(`ip ${args.join(" ")}: ${decode(stderr)}`);
  const text = decode(stdout);
  return text === "" ? [] : JSON.parse(text);
}

/** A test in a network namespace of its own, which needs root and ip(8). */
export function networkTest(name: string, body: () => void): void {
  if (hasIp() || Deno.env.get("CI") !== undefined) {
    rootTest(name, () => inNewNetworkNamespace(body));
  } else {
    Deno.test({ name: `${name} (needs iproute2)`, ignore: true, fn: () => {} });
  }
}

function hasIp(): boolean {
  try {
    return new Deno.Command("ip", { args: ["-Version"], stdout: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
