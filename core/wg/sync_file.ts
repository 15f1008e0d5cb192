import { decodeConfigText } from "../config/text.ts";
import type { InterfaceState } from "../interface_state.ts";
import type { UapiEndpoint } from "../uapi/command.ts";
import type { WgChange } from "./change.ts";
import { parseWgFile } from "./config.ts";
import type { PeerSections } from "./peer_sections.ts";
import type { WgSurroundings } from "./surroundings.ts";
import { wipeKeys } from "./values.ts";
import { claimsOf, removalOf, syncPeers } from "./syncconf.ts";

/**
 * The change that `wg syncconf` makes of a file whose sections have received the peers of `running` that came
 * in a long answer: only what is left of both is read.
 *
 * @throws WgError as {@linkcode parseWgFile}
 */
export function syncFile(
  sections: PeerSections,
  running: InterfaceState,
  surroundings: WgSurroundings,
): WgChange {
  const resolve = rememberingResolve(surroundings);
  const read = (warn: WgSurroundings["warn"]) => {
    const rest = sections.rest();
    try {
      return parseWgFile(decodeConfigText(rest), "replace", { ...surroundings, resolve, warn });
    } finally {
      rest.fill(0);
    }
  };
  const peers = [...sections.others, ...running.peers], unwanted = sections.unwanted();
  const file = read(surroundings.warn);
  const isNew = peers.length === 0 && unwanted.length === 0;
  if (sections.sameCount === 0 && (isNew || file.peers.length === 0)) return file;
  let change = syncPeers(file, peers);
  if (sections.takeBack(file.peers, claimsOf(change.peers))) {
    wipeKeys(file);
    // What it warns of was said.
    change = syncPeers(read(() => {}), peers);
  }
  return { ...change, peers: [...unwanted.map(removalOf), ...change.peers] };
}

function rememberingResolve({ resolve }: WgSurroundings): WgSurroundings["resolve"] {
  const resolved = new Map<string, UapiEndpoint>();
  return (host, service, text) => {
    const endpoint = resolved.get(text) ?? resolve(host, service, text);
    resolved.set(text, endpoint);
    return endpoint;
  };
}
