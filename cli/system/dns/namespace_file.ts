import { RESOLV_CONF } from "../../../core/dns/resolv_conf.ts";
import { namedNamespaces, NAMESPACE_DIRECTORY } from "../namespace_name.ts";
import { NETNS_CONFIG } from "./place.ts";

/**
 * The resolv.conf that `ip netns exec` shows to processes in this network namespace; null when it isn't
 * known by a name, or has none.
 */
export function namespaceFile(): string | null {
  const { dev, ino } = Deno.statSync("/proc/self/ns/net");
  for (const name of namedNamespaces()) {
    const found = stat(`${NAMESPACE_DIRECTORY}/${name}`);
    const path = `${NETNS_CONFIG}/${name}/resolv.conf`;
    if (found?.dev === dev && found.ino === ino && stat(path)?.isFile) return path;
  }
  return null;
}

/** All files that may be somebody's /etc/resolv.conf here. */
export function resolvConfPaths(): string[] {
  const files = names(NETNS_CONFIG).map((name) => `${NETNS_CONFIG}/${name}/resolv.conf`);
  return [RESOLV_CONF, ...files.filter((path) => stat(path)?.isFile)];
}

function names(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
  } catch {
    return [];
  }
}

function stat(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}
