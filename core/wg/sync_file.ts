import { decodeConfigText } from "../config/text.ts";
import type { PeerState } from "../interface_state.ts";
import type { WgChange } from "./change.ts";
import { parseWgFile } from "./config.ts";
import type { WgSurroundings } from "./surroundings.ts";
import { wipeKeys } from "./values.ts";
import { claimsOf, removalOf, syncPeers } from "./syncconf.ts";

/** The sections of a plain file that have been compared with all peers that run. */
export interface ComparedSections {
  /** The peers that are still to be compared with what is read of the file. */
  readonly others: readonly PeerState[];
  /** How many sections were found to be the same. */
  readonly sameCount: number;
  /** The public keys of the peers that the file doesn't have, 32 bytes each. */
  unwanted(): Uint8Array[];
  /** The file without the sections that were found to be the same. Holds secrets. */
  rest(): Uint8Array;
  /**
   * No longer takes a section for the same that has one of these allowed IPs, as `IpPrefix` prints them: another
   * peer claims it. Gives whether there was one.
   */
  takeBack(claimed: ReadonlySet<string>): boolean;
}

/**
 * The change that `wg syncconf` makes of a plain file whose sections were compared with all peers that run:
 * only what is left of both is read.
 *
 * @throws WgError as {@linkcode parseWgFile}
 */
export function syncFile(sections: ComparedSections, surroundings: WgSurroundings): WgChange {
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

function readRest(sections: ComparedSections, surroundings: WgSurroundings): WgChange {
  const rest = sections.rest();
  try {
    return parseWgFile(decodeConfigText(rest), "replace", surroundings);
  } finally {
    rest.fill(0);
  }
}
