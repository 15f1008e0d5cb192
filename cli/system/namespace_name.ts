/** Where ip-netns(8) keeps the network namespaces that have names. */
export const NAMESPACE_DIRECTORY = "/run/netns";

/** The network namespace with that inode number in words: by the name that `ip netns` has for it. */
export function namespaceName(inode: number): string {
  const name = namedNamespaces().find((name) =>
    namespaceInode(`${NAMESPACE_DIRECTORY}/${name}`) === inode
  );
  return name ?? `net:[${inode}]`;
}

/** The names of the network namespaces that have some; none when they can't be listed. */
export function namedNamespaces(): string[] {
  try {
    return [...Deno.readDirSync(NAMESPACE_DIRECTORY)].map(({ name }) => name);
  } catch {
    return [];
  }
}

/** The inode number of the namespace at `path`; null when there is none. */
export function namespaceInode(path: string): number | null {
  try {
    return Deno.statSync(path).ino;
  } catch {
    return null;
  }
}
