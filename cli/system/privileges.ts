import { hasCapability } from "../../ffi/capabilities.ts";
import { CAP_NET_ADMIN } from "../../ffi/layout.ts";

/**
 * Fails unless this process may change the network.
 * @param intent completes "Cannot …"
 */
export function requireNetAdmin(intent: string): void {
  if (hasCapability(CAP_NET_ADMIN)) return;
  throw new Error(`Cannot ${intent}: needs CAP_NET_ADMIN: run it as root (sudo wgts …)`);
}
