/**
 * Runs the end-to-end tests against the compiled program, then looks for anything they left behind.
 * Arguments go to `deno test`: files to run instead of all, or `--filter`.
 */
import { compile } from "./build.ts";
import { pathOf } from "./harness/paths.ts";
import { attempt } from "./harness/command.ts";
import { waitFor } from "./harness/wait.ts";

/** Most tests wait more than they compute. */
const PARALLEL_FILES = "3";

/** In the environment of everything that the tests start; the value is `directory`. */
const MARK = "WGTS_TEST_RUN";

const directory = await Deno.makeTempDir({ prefix: "wgts-test-" });
// Some tests run the program as a user who is not root.
await Deno.chmod(directory, 0o755);
const before = await remains();
const code = await main().finally(() => Deno.remove(directory, { recursive: true }));
const clean = await leavesNothing();
Deno.exit(code || (clean ? 0 : 1));

async function main(): Promise<number> {
  const env: Record<string, string> = {
    DENO_JOBS: PARALLEL_FILES,
    [MARK]: directory,
    // Also where the kernel has WireGuard: what is called as wg-quick would take that.
    WGTS_BACKEND: "userspace",
    // From sources, the runtime asks the network for newer versions of itself: that takes a port, and
    // some namespaces have a single one.
    DENO_NO_UPDATE_CHECK: "1",
    PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin`,
  };
  if (!Deno.env.has("WGTS")) {
    const program = `${directory}/wgts`;
    if (await compile(program)) env.WGTS = program;
    else if (Deno.env.has("CI")) return 1;
    else console.warn("*** The program could not be compiled: its sources are tested instead. ***");
  }
  const args = Deno.args.length > 0 ? Deno.args : [pathOf("..")];
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-prompt", "--parallel", ...args],
    env,
    stdin: "null",
  }).spawn().status;
  return code;
}

async function leavesNothing(): Promise<boolean> {
  try {
    // A namespace is taken down by the kernel some time after its last process.
    await waitFor("everything to be gone", async () => (await news()) === "");
    console.log("Nothing is left behind: no process, interface, rule, socket or file.");
    return true;
  } catch {
    console.error(`Left behind by the tests:\n${await news()}`);
    return false;
  }
}

/** What is there now and was not before the tests. */
async function news(): Promise<string> {
  const known = new Set(before);
  return (await remains()).filter((line) => !known.has(line)).join("\n");
}

/** All that a test could leave on this machine, one thing per line. */
async function remains(): Promise<string[]> {
  const script = `
    ip -brief link | awk '{ print "link", $1 }'
    for family in -4 -6; do
      ip $family rule | sed 's/^/rule /'
      ip $family route show table all | sed 's/ expires [0-9]*sec//; s/^/route /'
    done
    ip netns list | sed 's/^/namespace /'
    nft list ruleset | sed 's/^/nft /'
    find /run/wireguard /run/wgts /run/netns /etc/wireguard 2>/dev/null | sed 's/^/file /'
    # every process that descends from this run carries its mark
    for process in /proc/[0-9]*; do
      { tr '\\0' '\\n' <$process/environ; } 2>/dev/null | grep -qxF '${MARK}=${directory}' || continue
      echo "process \${process#/proc/} $(tr '\\0' ' ' <$process/cmdline)"
    done`;
  const result = await attempt(["bash", "-c", script]);
  return result.stdout.split("\n").filter((line) => line !== "");
}
