import { decodeConfigText } from "../config/text.ts";
import type { WgChange } from "./change.ts";
import { parseWgFile } from "./config.ts";
import type { PeerSections } from "./peer_sections.ts";
import type { WgSurroundings } from "./surroundings.ts";
import { wipeKeys } from "./values.ts";
import { claimsOf, removalOf, syncPeers } from "./syncconf.ts";

/**
 * The change that `wg syncconf` makes of a plain file whose sections have received all peers that run:
 * only what is left of both is read.
 *
 * @throws WgError as {@linkcode parseWgFile}
 */
export function syncFile(sections: PeerSections, surroundings: WgSurroundings): WgChange {
  const file = readRest(sections, surroundings);
  const unwanted = sections.unwanted();
  const isNew = sections.others.length === 0 && unwanted.length === 0;
  if (sections.sameCount === 0 && (isNew || file.peers.length === 0)) return file;
  let change = syncPeers(file, sections.others);
  if (sections.takeBack(claimsOf(change.peers))) {
    wipeKeys(file);
    // What it warns of was said.
    change = syncPeers(readRest(sections, { ...surroundings, warn() {} }), sections.others);
  }
  return { ...change, peers: [...unwanted.map(removalOf), ...change.peers] };
}

function readRest(sections: PeerSections, surroundings: WgSurroundings): WgChange {
  const rest = sections.rest();
  try {
    return parseWgFile(decodeConfigText(rest), "replace", surroundings);
  } finally {
    rest.fill(0);
  }
}
