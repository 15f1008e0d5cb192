/** A host of which the tests know who manages its resolver: nobody, unless they say so. */
import { type CommandOptions, type Result, run } from "./command.ts";
import { Host } from "./host.ts";
import { wgts } from "./program.ts";

/** What is in /etc/resolv.conf before any tunnel. */
export const ORIGINAL = "# by hand\nnameserver 192.0.2.53\nsearch lan\noptions edns0\n";

/** What may be told of a config. */
interface Settings {
  /** Lines of [Interface]. */
  readonly lines?: readonly string[];
  readonly name?: string;
}

export class DnsHost implements AsyncDisposable {
  private constructor(readonly host: Host) {}

  static async create(): Promise<DnsHost> {
    const host = await Host.create("dns");
    // Whatever this machine has, a bare one is what is tested.
    await host.sh(`
      for directory in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
        if [ -e $directory/resolvconf ]; then mount --bind /dev/null $directory/resolvconf; fi
      done
      rm -f /etc/resolv.conf
      rm -rf /etc/resolvconf /etc/netns
      echo 'hosts: files dns' >/etc/nsswitch.conf
    `);
    const dns = new DnsHost(host);
    await dns.write("/etc/resolv.conf", ORIGINAL);
    return dns;
  }

  /** Writes the config of a tunnel without peers; null is for no DNS. */
  async configure(dns: string | null, { lines = [], name = "wg0" }: Settings = {}): Promise<void> {
    const key = (await run(["wg", "genkey"])).trim();
    const own = [`PrivateKey = ${key}`, ...(dns === null ? [] : [`DNS = ${dns}`])];
    const text = ["[Interface]", ...own, ...lines, ""].join("\n");
    await this.host.writeFile(`/etc/wireguard/${name}.conf`, text);
  }

  /** Runs wgts, whatever its exit code. */
  wgts(...args: string[]): Promise<Result> {
    return this.host.try([...wgts(), ...args]);
  }

  /** Runs wgts, which must succeed, and returns what it printed to stderr. */
  async wgtsOk(args: readonly string[], options?: CommandOptions): Promise<string> {
    const { code, stdout, stderr } = await this.host.try([...wgts(), ...args], options);
    if (code !== 0) throw new Error(`wgts ${args.join(" ")}: ${code}\n${stdout}${stderr}`);
    return stderr;
  }

  async up(name = "wg0"): Promise<string> {
    return await this.wgtsOk(["up", name]);
  }

  async down(name = "wg0"): Promise<string> {
    return await this.wgtsOk(["down", name]);
  }

  write(file: string, text: string): Promise<void> {
    return this.host.writeFile(file, text, 0o644);
  }

  /** The text of a file as the host's processes see it. */
  async read(file = "/etc/resolv.conf"): Promise<string> {
    return await this.host.run(["cat", file]);
  }

  /** The name servers in a file. */
  async servers(file?: string): Promise<string[]> {
    return (await this.read(file)).match(/(?<=^nameserver ).*/gm) ?? [];
  }

  /** What lies in /etc beside what belongs there, and in the directories of wgts. */
  async leftovers(): Promise<string> {
    return await this.host.sh(
      "find /etc /var/lib/wgts /run/wgts -name '*wgts*' -not -type d -o -name 'resolv.conf@*' " +
        "-o -name '*.journal' 2>/dev/null || true",
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
  }
}
