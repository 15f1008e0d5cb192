/**
 * A tunnel's DNS settings and whoever manages the system's resolver.
 *
 * @module
 */
import type { ActiveDnsManager, DnsManager } from "../../../core/dns/manager.ts";
import type { DnsSettings } from "../../../core/dns/settings.ts";
import type { JournalScope } from "../../journal.ts";
import { isAlive } from "./owners.ts";
import { resolvConfPaths } from "./namespace_file.ts";
import { isSameTunnel, ResolvConfFile } from "./resolv_conf_file.ts";
import { addToResolvconf, deleteFromResolvconf } from "./resolvconf.ts";
import { revertResolvedLink, setResolvedLink } from "./resolved.ts";

/** The tunnel whose settings these are. */
export interface DnsTunnel {
  /** Its interface. */
  readonly name: string;
  /** The interface's index; null when it is gone. */
  readonly index: number | null;
  readonly scope: JournalScope;
  /** Where journals are. */
  readonly directory: string;
}

/**
 * Gives `settings` to `manager`, in place of any that the tunnel has. Returns what the user should know.
 *
 * @param sleep waits for so many milliseconds
 * @throws Error when that isn't possible; then the tunnel has none
 */
export async function setDns(
  tunnel: DnsTunnel,
  manager: DnsManager,
  settings: DnsSettings,
  sleep: (milliseconds: number) => Promise<void>,
): Promise<string[]> {
  const { name, index, scope, directory } = tunnel;
  switch (manager.kind) {
    case "resolved":
      if (index === null) throw new TypeError("DNS settings need an interface");
      await setResolvedLink(index, settings, sleep);
      return [];
    case "resolvconf":
      await addToResolvconf(`${manager.prefix}${name}`, settings);
      return [];
    case "file":
      return new ResolvConfFile({ ...scope, path: manager.path }).join(
        { interface: name, settings, ...scope },
        (owner) => isAlive(owner, scope, directory),
      );
    case "none":
      throw new Error(manager.reason);
  }
}

/**
 * Takes back what {@linkcode setDns} did or may have done. Returns what the user should know.
 * @throws Error when a file can't be restored
 */
export async function unsetDns(
  tunnel: DnsTunnel,
  manager: ActiveDnsManager,
): Promise<string[]> {
  const { name, index } = tunnel;
  switch (manager.kind) {
    case "resolved":
      // The settings go with the interface.
      return index === null ? [] : await softly(() => revertResolvedLink(index));
    case "resolvconf":
      return await softly(() => deleteFromResolvconf(`${manager.prefix}${name}`));
    case "file":
      return leaveFiles(tunnel);
  }
}

/**
 * Takes back what tunnels that ended without `down`, with an earlier boot for instance, made of
 * resolv.conf files. Returns what the user should know.
 *
 * @throws Error when one can't be restored
 */
export function repairDns({ scope, directory }: DnsTunnel): string[] {
  return resolvConfPaths().flatMap((path) => {
    const file = new ResolvConfFile({ ...scope, path });
    const dead = file.owners().filter((owner) => !isAlive(owner, scope, directory));
    if (dead.length === 0) return [];
    const notes = file.leave((owner) => isAlive(owner, scope, directory));
    if (notes.length > 0) return notes;
    const names = dead.map((owner) => owner.interface).join(", ");
    return [`${path}: took back what is left of ${names}, which ended without \`wgts down'`];
  });
}

/** The file may have another path here than where it was written: `ip netns exec` mounts it. */
function leaveFiles({ name, scope, directory }: DnsTunnel): string[] {
  const leaving = { interface: name, ...scope };
  return resolvConfPaths().flatMap((path) =>
    new ResolvConfFile({ ...scope, path }).leave((owner) =>
      !isSameTunnel(owner, leaving) && isAlive(owner, scope, directory)
    )
  );
}

/** Does what must not keep a tunnel up; returns why it failed. */
async function softly(body: () => void | Promise<void>): Promise<string[]> {
  try {
    await body();
    return [];
  } catch (error) {
    return [`DNS: ${error instanceof Error ? error.message : error}`];
  }
}
