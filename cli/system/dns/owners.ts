import {
  isSameNamespace,
  type JournalScope,
  type NetworkNamespace,
  readForeignJournals,
  readJournals,
} from "../../journal.ts";
import type { DnsOwner } from "./record_store.ts";

/**
 * Whether the tunnel of `owner` still has a part in resolv.conf. It has none after a reboot, when its
 * journal is gone or doesn't say so, or when its network namespace is gone without `down`.
 *
 * @param scope that of this process
 * @param directory where journals are
 */
export function isAlive(owner: DnsOwner, scope: JournalScope, directory: string): boolean {
  if (owner.bootId !== scope.bootId) return false;
  const { namespace } = owner;
  if (isSameNamespace(namespace, scope.namespace)) {
    return readJournals(directory, scope).some(({ header, entries }) =>
      header.interface === owner.interface &&
      entries.some(({ undo, undone }) => undo.kind === "unset-dns" && !undone)
    );
  }
  return readForeignJournals(directory, scope, owner.interface)
    .some(({ header }) => isSameNamespace(header.namespace, namespace)) && exists(namespace, scope);
}

/** Whether a process or a name (ip-netns(8)) keeps `namespace`, as far as can be seen from here. */
function exists({ device, inode }: NetworkNamespace, scope: JournalScope): boolean {
  // Another one with the same numbers is our own: they were given again.
  if (device === scope.namespace.device && inode === scope.namespace.inode) return false;
  const names = [...list("/run/netns"), ...list("/proc", /^[0-9]+$/).map((pid) => `${pid}/ns/net`)];
  return names.some((path) => {
    try {
      const { dev, ino } = Deno.statSync(path);
      return dev === device && ino === inode;
    } catch {
      return false;
    }
  });
}

function list(directory: string, names = /^/): string[] {
  try {
    return [...Deno.readDirSync(directory)].filter(({ name }) => names.test(name))
      .map(({ name }) => `${directory}/${name}`);
  } catch {
    return [];
  }
}
