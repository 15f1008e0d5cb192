/** Configs with commands for events, and who runs those. */
import { INNER, type Site } from "./site.ts";
import { waitFor } from "./wait.ts";

/** What a command that ran anything of it would show. */
export const NAME = '$(touch /run/pwned) `touch /run/pwned` "; touch /run/pwned; #';
/** A command that tells of its environment. */
export const TELL = "env | grep -E '^WGTS_(E|I|O|P|R)' | sort";

/** Gives /etc/wireguard/wg0.conf these lines of [Interface], at once. */
export async function write(site: Site, ...lines: string[]): Promise<void> {
  const config = `${site.config({ interface: lines })}# Name = ${NAME}\n`;
  await site.host.writeFile("/run/new", config);
  await site.host.sh("mv /run/new /etc/wireguard/wg0.conf");
}

/** Waits until a file has something in it, and reads it. */
export async function waitForFile(site: Site, path: string): Promise<string> {
  await waitFor(path, async () => (await site.host.try(["test", "-s", path])).code === 0);
  return await site.host.sh(`cat ${path}`);
}

/** Moves the remote host to another port, until it was heard of there. */
export async function roam(site: Site, port: number): Promise<void> {
  await site.remote.sh(`wg set wg0 listen-port ${port}`);
  await waitFor("the remote host to reach this one", async () => {
    const ping = ["ping", "-n", "-q", "-c", "1", "-W", "1", INNER.host[4]];
    return (await site.remote.try(ping)).code === 0;
  });
}

/** The processes of the host that attend a tunnel. */
export async function attendants(site: Site): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await site.host.processes()) {
    const words = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
    if (words.includes("\0attend\0wg0\0")) found.push(pid);
  }
  return found;
}

/** What a command wrote that tells of its environment, as a record. */
export function told(text: string): Record<string, string> {
  return Object.fromEntries(
    text.trim().split("\n").map((line) => {
      const [name = "", ...value] = line.split("=");
      return [name, value.join("=")];
    }),
  );
}

/** Waits until so many attend it, and follow what happens. */
export async function waitForAttendants(site: Site, count: number): Promise<void> {
  await waitFor(`${count} attendants`, async () => {
    return (await attendants(site)).length === count && await followers(site) === count;
  });
}

/** How many follow what happens to the tunnel. */
export async function followers({ host }: Site): Promise<number> {
  return Number(await host.sh("ss -xH state connected | grep -c 'wg0.sock' || true"));
}
