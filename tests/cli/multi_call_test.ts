/** The program called by the names of those that it acts as, and compared with them. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { type Outcome, runProgram, wgTest } from "./wg_oracle.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

/** Runs the sources with `argv0` as the zeroth argument. */
function runAs(argv0: string, args: string[], env: Record<string, string> = {}): Outcome {
  const script = 'exec -a "$0" "$@"';
  const runtime = [Deno.execPath(), "run", "-A", "--quiet", MAIN];
  return runProgram("bash", ["-c", script, argv0, ...runtime, ...args], env);
}

function wgts(...args: string[]): Outcome {
  return runAs("wgts", args);
}

/** Runs the real program `path` with `argv0` as the zeroth argument. */
function realAs(argv0: string, path: string, args: string[]): Outcome {
  return runProgram("bash", ["-c", 'exec -a "$0" "$@"', argv0, path, ...args]);
}

function whereIs(program: string): string {
  return runProgram("sh", ["-c", `command -v ${program}`]).stdout.trim();
}

/** Calls of `wg` that ask for help, or that it doesn't understand. */
const WG_CALLS: string[][] = [
  ["help"],
  ["--help"],
  ["-h"],
  ["help", "show"],
  ["-h", "-h"],
  ["--help", "x"],
  ["version", "x"],
  ["--version", "--version"],
  ["foo"],
  ["--foo"],
  ["foo", "--help"],
  [""],
  ["SHOW"],
  ["up"],
  ["status"],
  ["wg"],
  ["constructor"],
  ["genkey", "x"],
  ["genkey", "--help"],
  ["genpsk", "-h"],
  ["pubkey", "--help"],
  ["pubkey", "x"],
];

for (const argv0 of ["wg", "/usr/local/bin/wg"]) {
  wgTest(`called as ${argv0}, it answers as the real one`, { root: false }, () => {
    const real = whereIs("wg");
    for (const args of WG_CALLS) {
      assert.deepEqual(runAs(argv0, args), realAs(argv0, real, args), args.join(" "));
    }
  });
}

wgTest("`wgts wg` answers as `wg`", { root: false }, () => {
  const real = whereIs("wg");
  for (const args of WG_CALLS) {
    assert.deepEqual(wgts("wg", ...args), realAs("wg", real, args), args.join(" "));
  }
});

wgTest("the version of wg is told in its form", { root: false }, () => {
  const withoutVersion = ({ stdout, ...rest }: Outcome) => {
    assert.match(stdout, / v1\.0\.[0-9]{8} /);
    return { ...rest, stdout: stdout.replace(/ v\S+ /, " ") };
  };
  const real = whereIs("wg");
  for (const word of ["-v", "--version", "version"]) {
    const expected = withoutVersion(realAs("wg", real, [word]));
    assert.deepEqual(withoutVersion(runAs("wg", [word])), expected);
  }
});

Deno.test("called as wg, without arguments, it shows", () => {
  // An unknown interface is what a show of one complains of; no interface is what one of all prints.
  const { code, stderr } = runAs("wg", ["show", "wgts-none"]);
  assert.equal(code, 1);
  // The latter where the kernel has no WireGuard.
  assert.match(stderr, /^Unable to access interface: (No such device|Protocol not supported)\n$/);
  // Interfaces of this machine may change in between, and wireguard-go's tell peers in random order.
  const shown = (args: string[]) => {
    const { stdout, ...rest } = runAs("wg", args);
    return { ...rest, stdout: stdout.split("\n").sort() };
  };
  const equal = () => isDeepStrictEqual(shown([]), shown(["show"]));
  assert.ok(Array.from({ length: 20 }).some(equal));
});

wgTest("called as wg-quick, it is misused and asked for help as the real one", {
  root: true,
  program: "wg-quick",
}, () => {
  const real = whereIs("wg-quick");
  for (
    const args of [
      [],
      ["help"],
      ["-h"],
      ["--help"],
      ["--help", "x"],
      ["up"],
      ["foo"],
      ["foo", "wg0"],
      ["up", "a", "b"],
      ["strip", "wgts-no-such"],
      ["up", "wgts-no-such"],
      ["down", "wgts-no-such"],
      ["save", "wgts-no-such"],
      ["save", "/dev/null"],
      ["strip", "/nowhere/wgts-no.conf"],
      ["strip", "/dev/null"],
      ["up", "/dev/null"],
      ["up", "--dry-run"],
    ]
  ) {
    // The real one is a script, and so has its path for argv[0] whatever it is called.
    const expected = runProgram(real, args);
    assert.deepEqual(runAs("/usr/bin/wg-quick", args), expected, args.join(" "));
    assert.deepEqual(wgts("wg-quick", ...args), expected, args.join(" "));
  }
});

Deno.test("called as wireguard-go, it tells its version and how it is called", () => {
  const version = runAs("wireguard-go", ["--version"]);
  assert.match(
    version.stdout,
    /^wireguard-go v0\.0\.[0-9]{8}\n\nUserspace WireGuard daemon for linux-/,
  );
  assert.deepEqual({ ...version, stdout: "" }, { code: 0, stdout: "", stderr: "" });
  for (const args of [[], ["a", "b"], ["-f"], ["-f", "a", "b"], ["--foreground"], ["--help"]]) {
    assert.deepEqual(runAs("./wireguard-go", args), {
      code: 0,
      stdout: "Usage: ./wireguard-go [-f/--foreground] INTERFACE-NAME\n",
      stderr: "",
    });
  }
});

Deno.test("called as wireguard-go, it refuses descriptors that aren't what they should be", () => {
  const call = (env: Record<string, string>) => runAs("wireguard-go", ["-f", "wgts-none"], env);
  for (const value of ["x", "-1", "3.0", "99999999999"]) {
    assert.deepEqual(call({ WG_TUN_FD: value }), {
      code: 1,
      stdout: "",
      stderr: `wireguard-go: Cannot use WG_TUN_FD=${value}: expected a file descriptor\n`,
    });
  }
  // Stdin is none.
  const { code, stdout, stderr } = call({ WG_TUN_FD: "0" });
  assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
  assert.match(stderr, /^wireguard-go: Cannot use file descriptor 0 as a TUN interface: .*\n$/);
});
