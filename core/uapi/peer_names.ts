/**
 * Names of peers in the control protocol. The key `name` is wgts' own: it is sent to no other
 * implementation, which would refuse it, and a `get` never tells it, so that `wg` sees nothing new.
 */

import { formatHexKey } from "../keys.ts";
import type { WgPeerConfig } from "../config/types.ts";
import { encodePeerName } from "../peer_name.ts";

/**
 * The `set` request that gives peers of an engine their names; those that it doesn't have are left out.
 * Null when there is nothing to say.
 */
export function formatUapiPeerNames(
  peers: readonly Pick<WgPeerConfig, "publicKey" | "name">[],
): string | null {
  const lines: string[] = [];
  for (const { publicKey, name } of peers) {
    if (name === undefined) continue;
    lines.push(`public_key=${formatHexKey(publicKey)}`, "update_only=true");
    lines.push(`name=${encodePeerName(name)}`);
  }
  return lines.length === 0 ? null : `set=1\n${lines.join("\n")}\n\n`;
}
