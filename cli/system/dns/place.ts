/** Where the files are that `ip netns exec NAME` mounts over those in /etc: in a directory NAME. */
export const NETNS_CONFIG = "/etc/netns";

/** Which of the resolv.conf files that different mount namespaces may see at the same path. */
export interface FilePlace {
  /** Whether a file is mounted there, as `ip netns exec` and containers do, or is such a file. */
  readonly isMounted: boolean;
  /** Device and inode number: of the mounted file, else of the directory, for the file may be replaced. */
  readonly device: number;
  readonly inode: number;
}

/**
 * The place that `path` is. A mount namespace doesn't tell: `ip netns exec` makes a new one for each
 * command, though all of them see the same file.
 */
export function placeOf(path: string): FilePlace {
  const slash = path.lastIndexOf("/");
  const directory = Deno.realPathSync(path.slice(0, slash) || "/");
  const real = `${directory === "/" ? "" : directory}/${path.slice(slash + 1)}`;
  const isMounted = real.startsWith(`${NETNS_CONFIG}/`) || isMountPoint(real);
  const { dev, ino } = Deno.statSync(isMounted ? path : directory);
  return { isMounted, device: dev, inode: ino ?? 0 };
}

/**
 * Whether the process with the identifier `pid` sees another place at `path`; null when it can't be
 * told.
 */
export function seesOther(pid: number, path: string): boolean | null {
  try {
    const ours = placeOf(path);
    if (ours.isMounted) return true;
    const directory = path.slice(0, path.lastIndexOf("/"));
    const { dev, ino } = Deno.statSync(`/proc/${pid}/root${directory}`);
    return dev !== ours.device || ino !== ours.inode;
  } catch {
    return null;
  }
}

/** proc_pid_mountinfo(5): the fifth field is the mount point, with octal escapes. */
function isMountPoint(path: string): boolean {
  let mounts: string;
  try {
    mounts = Deno.readTextFileSync("/proc/self/mountinfo");
  } catch {
    return false; // no /proc: then writing in place is what comes of it
  }
  return mounts.split("\n").some((line) => {
    const point = line.split(" ")[4] ?? "";
    const unescape = (octal: string) => String.fromCharCode(parseInt(octal.slice(1), 8));
    return point.replace(/\\[0-7]{3}/g, unescape) === path;
  });
}
