/**
 * Installs what the end-to-end tests use and this machine does not have, and says what it does.
 * Debian and its relatives only; elsewhere it says what is missing.
 */
import { attempt } from "./netns/harness/command.ts";
import { buildKernelPeer } from "./netns/harness/kernel_guest.ts";
import { BORINGTUN, CACHED_PROMTOOL, CURRENT_WIREGUARD_GO } from "./netns/harness/program.ts";
import { DNS_MANAGERS, dnsManagerRoot } from "./netns/harness/dns_managers.ts";
import { exists } from "./netns/harness/paths.ts";

/** The Debian package of each program that the tests start. */
const PACKAGES: Record<string, string> = {
  "wg": "wireguard-tools",
  "wireguard-go": "wireguard-go",
  "ip": "iproute2",
  "faketime": "faketime",
  "nft": "nftables",
  "iptables-legacy": "iptables",
  "ping": "iputils-ping",
  "socat": "socat",
  "tcpdump": "tcpdump",
  "iperf3": "iperf3",
  "strace": "strace",
  "tmux": "tmux",
  "zsh": "zsh",
  "fish": "fish",
  "unshare": "util-linux",
  "setpriv": "util-linux",
  "ps": "procps",
  "qemu-system-x86_64": "qemu-system-x86",
  "cpio": "cpio",
  "mke2fs": "e2fsprogs",
  "depmod": "kmod",
  "xz": "xz-utils",
  "dbus-daemon": "dbus-daemon",
};

/** The Debian package of each other file that the tests use. */
const FILES: Record<string, string> = {
  "/usr/share/bash-completion/bash_completion": "bash-completion",
};

async function main(): Promise<number> {
  if (Deno.uid() !== 0) {
    console.error(
      "The end-to-end tests create network interfaces and need root. " +
        "`deno task test:unit` runs without.",
    );
    return 1;
  }
  try {
    await Deno.lstat("/dev/net/tun");
  } catch {
    console.error("No /dev/net/tun: load the module tun, or give it to this container.");
    return 1;
  }
  if (!await installPackages()) return 1;
  await Promise.all(BUILT.map(build));
  if (!await fetchPromtool()) return 1;
  await fetchDnsManagers();
  console.log("Preparing a Debian kernel for QEMU");
  await buildKernelPeer();
  return 0;
}

async function installPackages(): Promise<boolean> {
  const missing = [];
  for (const [program, name] of Object.entries(PACKAGES)) {
    if (!await isInstalled(program)) missing.push(name);
  }
  for (const [file, name] of Object.entries(FILES)) {
    if (!await exists(file)) missing.push(name);
  }
  if (missing.length === 0) return true;
  const packages = [...new Set(missing)];
  if (!await isInstalled("apt-get")) {
    console.error(`Please install what these Debian packages contain: ${packages.join(" ")}`);
    return false;
  }
  console.log(`Installing with apt-get: ${packages.join(" ")}`);
  const apt = (...args: string[]) =>
    attempt(["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", ...args], {
      env: { DEBIAN_FRONTEND: "noninteractive" },
      timeout: 900_000,
    });
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  let result = await apt(...install);
  if (result.code !== 0) {
    // The package lists may be missing or old.
    await apt("update");
    result = await apt(...install);
  }
  if (result.code !== 0) console.error(`apt-get failed:\n${result.stdout}${result.stderr}`);
  return result.code === 0;
}

/** A program that is built from its published source. */
interface Built {
  readonly name: string;
  /** Where it is put. */
  readonly path: string;
  /** What builds it into a directory, beside the directory bin that it is to be in. */
  readonly builder: (root: string) => readonly string[];
}

/** Debian 12's wireguard-go is of 2022, and it has no boringtun. */
const BUILT: readonly Built[] = [
  {
    name: "the current wireguard-go",
    path: CURRENT_WIREGUARD_GO,
    builder: (root) =>
      ["env", `GOBIN=${root}/bin`, "GOFLAGS=-mod=mod", "go", "install"]
        .concat("golang.zx2c4.com/wireguard@latest"),
  },
  {
    name: "boringtun",
    path: BORINGTUN,
    builder: (root) => ["cargo", "install", "--quiet", "--root", root, "boringtun-cli"],
  },
];

async function build({ name, path, builder }: Built): Promise<void> {
  if (await isInstalled(path)) return;
  const root = path.slice(0, path.lastIndexOf("/bin/"));
  await Deno.mkdir(`${root}/bin`, { recursive: true });
  const command = builder(root);
  console.log(`Building ${name} with ${command.join(" ")}`);
  const { code, stderr } = await attempt(command, { timeout: 900_000 });
  if (code !== 0) console.warn(`*** NOT TESTED: ${name}. ${stderr.trim()} ***`);
}

/**
 * Prometheus' promtool, out of the Debian package: installing that would start a server on this machine.
 */
async function fetchPromtool(): Promise<boolean> {
  if (await isInstalled("promtool") || await isInstalled(CACHED_PROMTOOL)) return true;
  const directory = CACHED_PROMTOOL.slice(0, CACHED_PROMTOOL.lastIndexOf("/"));
  await Deno.mkdir(directory, { recursive: true });
  console.log("Fetching promtool with apt-get download prometheus");
  const script = `set -e
    cd "$(mktemp -d)"
    trap 'rm -rf "$PWD"' EXIT
    apt-get -qq download prometheus || { apt-get -qq update; apt-get -qq download prometheus; }
    dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x -C '${directory}' --strip-components=3 ./usr/bin/promtool`;
  const result = await attempt(["bash", "-c", script], { timeout: 600_000 });
  if (result.code !== 0) console.error(`no promtool:\n${result.stdout}${result.stderr}`);
  return result.code === 0;
}

/** Who manages resolvers, out of Debian's packages: installed, they would manage this machine's. */
async function fetchDnsManagers(): Promise<void> {
  for (const name of DNS_MANAGERS) {
    const root = dnsManagerRoot(name);
    if (await exists(root)) continue;
    console.log(`Fetching ${name} with apt-get download`);
    // systemd-resolved takes the private library of its own version.
    const names = name === "systemd-resolved" ? `${name} libsystemd-shared` : name;
    const script = `set -e
      cd "$(mktemp -d)"
      trap 'rm -rf "$PWD"' EXIT
      apt-get -qq download ${names} || { apt-get -qq update; apt-get -qq download ${names}; }
      mkdir root
      for package in *.deb; do dpkg-deb -x $package root; done
      mkdir -p '${root.slice(0, root.lastIndexOf("/"))}'
      mv root '${root}'`;
    const result = await attempt(["bash", "-c", script], { timeout: 600_000 });
    if (result.code !== 0) console.warn(`*** NOT TESTED: DNS by ${name}. ${result.stderr} ***`);
  }
}

async function isInstalled(program: string): Promise<boolean> {
  const result = await attempt(["sh", "-c", 'command -v "$1"', "sh", program], {
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` },
  });
  return result.code === 0;
}

Deno.exit(await main());
