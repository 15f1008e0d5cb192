import { changeTo } from "../config/change.ts";
import type { ConfigEndpoint, WgConfig, WgPeerConfig } from "../config/types.ts";
import { formatUapiChange } from "./change_request.ts";
import type { UapiEndpoint } from "./command.ts";

/**
 * The `set` request that gives an interface exactly what a config says: {@linkcode changeTo} as text,
 * which holds secrets.
 */
export function formatUapiSet(
  config: WgConfig,
  resolve: (endpoint: ConfigEndpoint, peer: WgPeerConfig) => UapiEndpoint | null,
  fwmark = 0,
): string {
  const decoder = new TextDecoder();
  let text = "";
  for (const chunk of formatUapiChange(changeTo(config, resolve, fwmark))) {
    text += decoder.decode(chunk);
  }
  return text;
}
