import { ConfigDocument } from "../../core/config/document.ts";
import { configPathFor } from "../../core/config/interface_name.ts";
import { type PeerNames, readPeerNames } from "../../core/config/peer_names.ts";
import { readJournals } from "../journal.ts";
import { RUNTIME_DIRECTORY } from "../runtime_paths.ts";
import { currentScope } from "./scope.ts";

const NONE: PeerNames = new Map();

/** The names of the config at a path, as long as the file stays the same. */
const cache = new Map<string, { readonly stamp: string; readonly names: PeerNames }>();

/**
 * The names that the config of interface `name` gives its peers: the config that `up` noted, or that in
 * /etc/wireguard, whatever brought the interface up. None for whoever may not read it.
 */
export function configuredNames(name: string): PeerNames {
  try {
    const path = notedConfig(name) ?? configPathFor(name);
    const { mtime, size, ino } = Deno.statSync(path);
    const stamp = `${mtime?.getTime()} ${size} ${ino}`;
    const known = cache.get(path);
    if (known?.stamp === stamp) return known.names;
    const names = readPeerNames(ConfigDocument.parse(Deno.readTextFileSync(path), path));
    cache.set(path, { stamp, names });
    return names;
  } catch {
    // Names are a comfort: whatever is wrong with the config is for others to complain about.
    return NONE;
  }
}

function notedConfig(name: string): string | null {
  const journals = readJournals(RUNTIME_DIRECTORY, currentScope());
  return journals.find(({ header }) => header.interface === name)?.header.config ?? null;
}
