/** The real managers of resolvers, started in a host of their own. */
import type { DnsHost } from "./dns_host.ts";
import type { Process } from "./host.ts";
import { exists, pathOf } from "./paths.ts";
import { waitFor } from "./wait.ts";

/** Debian packages, which tests/setup.ts unpacks. */
export const DNS_MANAGERS = ["systemd-resolved", "openresolv", "resolvconf"] as const;

/** One of {@linkcode DNS_MANAGERS}. */
export type DnsManagerPackage = typeof DNS_MANAGERS[number];

/** Where a package is unpacked. */
export function dnsManagerRoot(name: DnsManagerPackage): string {
  return pathOf(`../.cache/dns/${name}`);
}

/** Whether a package could be fetched; the set-up has told. */
export function hasDnsManager(name: DnsManagerPackage): boolean {
  try {
    return Deno.statSync(dnsManagerRoot(name)).isDirectory;
  } catch {
    return false;
  }
}

/** A test that needs a package, and is left out where that couldn't be fetched. */
export function dnsManagerTest(
  manager: DnsManagerPackage,
  name: string,
  body: () => Promise<void>,
): void {
  Deno.test({ name: `${manager}: ${name}`, ignore: !hasDnsManager(manager), fn: body });
}

const BUS = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
    <allow user="*"/>
  </policy>
</busconfig>
`;

/** systemd-resolved on a message bus of its own, which /etc/resolv.conf leads to. */
export class Resolved {
  private constructor(readonly dns: DnsHost, readonly bus: Process, readonly daemon: Process) {}

  /** @param upstream its only server besides those of links */
  static async start(dns: DnsHost, upstream: string): Promise<Resolved> {
    const { host } = dns;
    await host.sh(`mkdir -p /run/dbus /run/systemd /etc/systemd
      id systemd-resolve >/dev/null 2>&1 ||
        echo 'systemd-resolve:x:991:991::/:/usr/sbin/nologin' >>/etc/passwd
      getent group systemd-resolve >/dev/null ||
        echo 'systemd-resolve:x:991:' >>/etc/group
      ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf`);
    await dns.write("/run/bus.conf", BUS);
    const settings = ["DNS=" + upstream, "LLMNR=no", "MulticastDNS=no", "DNSSEC=no", "Cache=no"];
    await dns.write("/etc/systemd/resolved.conf", `[Resolve]\n${settings.join("\n")}\n`);
    const bus = await host.start(["dbus-daemon", "--config-file=/run/bus.conf", "--nofork"]);
    await waitFor("the message bus", () => exists(host.path("/run/dbus/system_bus_socket")));
    const root = dnsManagerRoot("systemd-resolved");
    const daemon = await host.start([`${root}/lib/systemd/systemd-resolved`], library(root));
    const resolved = new Resolved(dns, bus, daemon);
    await waitFor("systemd-resolved", async () => (await resolved.attempt("status")).code === 0);
    return resolved;
  }

  /** Runs resolvectl(1). */
  async ctl(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(...args);
    if (code !== 0) throw new Error(`resolvectl ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  }

  attempt(...args: string[]) {
    const root = dnsManagerRoot("systemd-resolved");
    return this.dns.host.try([`${root}/usr/bin/resolvectl`, ...args], { env: library(root) });
  }

  async stop(): Promise<void> {
    for (const process of [this.daemon, this.bus]) {
      process.kill("SIGTERM");
      await process.result;
    }
  }
}

/** systemd-resolved finds the private library of its own version. */
function library(root: string): Record<string, string> {
  const directories = ["x86_64", "aarch64"].map((machine) => `${machine}-linux-gnu`);
  return {
    LD_LIBRARY_PATH: directories.map((name) => `${root}/usr/lib/${name}/systemd`).join(":"),
  };
}

/**
 * Puts a package's resolvconf where the host finds it, with its /etc; returns the environment in which
 * it is found first.
 */
export async function installResolvconf(
  { host }: DnsHost,
  name: "openresolv" | "resolvconf",
): Promise<Record<string, string>> {
  const root = `/run/${name}`;
  await host.sh(`cp -a '${dnsManagerRoot(name)}' ${root}
    find ${root} -type f -path '*resolvconf*' -exec sed -i 's,/lib/resolvconf,${root}/lib/resolvconf,g' {} +
    cp -a ${root}/etc/. /etc/
    rm -rf ${root}/etc`);
  return { PATH: `${root}/sbin:${Deno.env.get("PATH")}` };
}

/** What a colleague of `up` would ask instead of the tunnel's servers. */
export async function originalNameservers({ host }: DnsHost): Promise<string[]> {
  const script = pathOf("print_nameservers.ts");
  const command = [Deno.execPath(), "run", "-A", "--quiet", script];
  return (await host.run(command)).trim().split("\n");
}
