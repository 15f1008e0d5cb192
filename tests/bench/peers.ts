/** Other userspace implementations: those that are installed, and those that can be built. */
import { attempt } from "../netns/harness/command.ts";
import type { Implementation } from "./implementation.ts";

/** A program that is built from its published sources. */
interface Source {
  readonly id: string;
  readonly program: string;
  /** What builds it. */
  readonly tool: "go" | "cargo";
  /** What is built. */
  readonly package: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** The privileges that a peer would drop are those that it needs as root in a namespace of tests. */
const KEEP_PRIVILEGES = { WG_SUDO: "true" };

const SOURCES: readonly Source[] = [
  {
    id: "wireguard-go",
    program: "wireguard",
    tool: "go",
    package: "golang.zx2c4.com/wireguard@latest",
  },
  {
    id: "boringtun",
    program: "boringtun-cli",
    tool: "cargo",
    package: "boringtun-cli",
    environment: KEEP_PRIVILEGES,
  },
  {
    id: "gotatun",
    program: "gotatun",
    tool: "cargo",
    package: "gotatun-cli",
    environment: KEEP_PRIVILEGES,
  },
];

const BUILD_TIMEOUT_MS = 1_200_000;

/** The peers of this machine, after building those that are missing if `install`. */
export async function findPeers(install: boolean): Promise<Implementation[]> {
  const found: Implementation[] = [];
  for (const source of SOURCES) {
    const path = await findProgram(source) ?? (install ? await build(source) : null);
    if (path === null) continue;
    found.push(peer(source.id, await describe(path, source), path, source.environment));
  }
  const packaged = await which("wireguard-go");
  if (packaged !== null) {
    const version = await versionOf(packaged);
    found.push(peer("wireguard-go-debian", `wireguard-go ${version} (packaged)`, packaged));
  }
  return found;
}

function peer(
  id: string,
  name: string,
  path: string,
  environment: Readonly<Record<string, string>> = {},
): Implementation {
  const serve = (device: string) => [path, "-f", device];
  return { id, name, kind: "userspace", serve, environment };
}

/** Where programs are built to, and found again. */
function cacheDirectory(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME") ?? "/root"}/.cache`;
  return `${cache}/wgts-bench`;
}

async function findProgram({ program }: Source): Promise<string | null> {
  return await which(`${cacheDirectory()}/bin/${program}`) ?? await which(program);
}

async function build(source: Source): Promise<string | null> {
  if (await which(source.tool) === null) {
    console.error(`Not measured: ${source.id}, since ${source.tool} is not installed to build it.`);
    return null;
  }
  const root = cacheDirectory();
  await Deno.mkdir(`${root}/bin`, { recursive: true });
  console.error(`Building ${source.package} with ${source.tool} install`);
  const result = source.tool === "go"
    ? await attempt(["go", "install", source.package], {
      env: { GOBIN: `${root}/bin`, GOFLAGS: "-mod=mod" },
      timeout: BUILD_TIMEOUT_MS,
    })
    : await attempt(["cargo", "install", "--quiet", "--root", root, source.package], {
      timeout: BUILD_TIMEOUT_MS,
    });
  if (result.code === 0) return await findProgram(source);
  console.error(`Not measured: ${source.id}, which could not be built:\n${result.stderr}`);
  return null;
}

/** Its name with the version: of a program that Go built, the version of its module. */
async function describe(path: string, { id, tool }: Source): Promise<string> {
  if (tool === "go" && await which("go") !== null) {
    const { stdout } = await attempt(["go", "version", "-m", path]);
    const version = /^\tmod\t\S+\t(\S+)/m.exec(stdout)?.[1];
    if (version) return `${id} ${version}`;
  }
  return `${id} ${await versionOf(path)}`;
}

async function versionOf(path: string): Promise<string> {
  const { stdout } = await attempt([path, "--version"]);
  return /\d+(\.\d+)+/.exec(stdout)?.[0] ?? "of unknown version";
}

/** The path of a program; null when it isn't installed. */
export async function which(program: string): Promise<string | null> {
  const { code, stdout } = await attempt(["sh", "-c", 'command -v "$1"', "sh", program]);
  return code === 0 ? stdout.trim() : null;
}
