/**
 * Two hosts with the same files and the same interfaces, which the same engine serves: in one `wg` is
 * Debian's, in the other it is wgts. Scripts run in both must not notice.
 */
import { Host } from "./host.ts";
import { type Implementation, WGTS } from "./implementation.ts";
import { wgts } from "./program.ts";
import { run } from "./command.ts";
import { waitFor } from "./wait.ts";
import type { FakeInterfaces } from "./fake_interfaces.ts";
import { pathOf } from "./paths.ts";

/** What a script did. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The interfaces afterwards, as Debian's `wg` and the control socket tell of them. */
  readonly state: string;
}

/** Where the files of a test are in both hosts. */
export const FILES = "/run/t/files";
const ROOT = "/run/t";
const ORACLE = "/usr/bin/wg";
/** Seconds after which a script is ended. */
const SCRIPT_DEADLINE_S = 120;
/** All that one call of `run` may take. */
const BATCH_DEADLINE_MS = 900_000;

/** The environment variable WGTS_TEST_WG names another `wg`, to test these tests. */
const TESTED = Deno.env.has("WGTS_TEST_WG") ? [Deno.env.get("WGTS_TEST_WG") ?? ""] : wgts();

/** How to read the interfaces after a script. */
const STATE = `
  for name in wg0 wg1; do
    echo "$name"
    ${ORACLE} show "$name" dump
    # Some keep the connection open behind their answer, or end that twice.
    sed '/^$/q' < <(
      printf 'get=1\\n\\n' | socat -t 10 - "UNIX-CONNECT:/run/wireguard/$name.sock" 2>/dev/null
    )
  done`;

/** The interfaces that every script begins with: WgTwins gives them the given config. */
export interface Setting {
  /** The configs of wg0 and wg1. */
  readonly configs: readonly [wg0: string, wg1: string];
  /** Files in {@linkcode FILES}, readable only by root. */
  readonly files: Readonly<Record<string, string>>;
  /** Begins every script. */
  readonly prelude: string;
  /** Control sockets besides those of wg0 and wg1. */
  readonly fakes: FakeInterfaces;
}

/** One of the two hosts. */
class Twin implements AsyncDisposable {
  private constructor(readonly host: Host, readonly stack: AsyncDisposableStack) {}

  static async create(
    name: string,
    wg: readonly string[],
    setting: Setting,
    engine: Implementation,
  ): Promise<Twin> {
    await using stack = new AsyncDisposableStack();
    const host = stack.use(await Host.create(name));
    await host.sh(`mkdir -p ${FILES} ${ROOT}/bin ${ROOT}/cases ${ROOT}/results
      # A port chosen by the kernel is always this one.
      echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range`);
    await link(host, wg);
    for (const [file, text] of Object.entries(setting.files)) {
      await host.writeFile(`${FILES}/${file}`, text);
    }
    await host.writeFile(`${ROOT}/wg0.conf`, setting.configs[0]);
    await host.writeFile(`${ROOT}/wg1.conf`, setting.configs[1]);
    for (const device of ["wg0", "wg1"]) await engine.start(host, device);
    await startFakes(host, setting.fakes, stack);
    return new Twin(host, stack.move());
  }

  async run(scripts: readonly string[], setting: Setting): Promise<Outcome[]> {
    const { host } = this;
    for (const [i, script] of scripts.entries()) {
      await host.writeFile(`${ROOT}/cases/${i}`, `${setting.prelude}\n${script}\n`);
    }
    await host.sh(
      `umask 077
      export LC_ALL=C PATH=${ROOT}/bin:$PATH
      set +e
      for i in $(seq 0 ${scripts.length - 1}); do
        ${ORACLE} setconf wg0 ${ROOT}/wg0.conf
        ${ORACLE} setconf wg1 ${ROOT}/wg1.conf
        rm -rf ${ROOT}/work; mkdir -p ${ROOT}/work; cd ${ROOT}/work
        timeout ${SCRIPT_DEADLINE_S} bash ${ROOT}/cases/$i \\
          >${ROOT}/results/$i.stdout 2>${ROOT}/results/$i.stderr </dev/null
        echo $? >${ROOT}/results/$i.code
        { ${STATE}
        } >${ROOT}/results/$i.state 2>&1
      done`,
      { timeout: BATCH_DEADLINE_MS },
    );
    return await Promise.all(scripts.map(async (_, i): Promise<Outcome> => {
      const read = (kind: string) => Deno.readTextFile(host.path(`${ROOT}/results/${i}.${kind}`));
      const [code, stdout, stderr, state] = await Promise.all(
        [read("code"), read("stdout"), read("stderr"), read("state")],
      );
      return { code: Number(code), stdout, stderr, state };
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync();
  }
}

/** Both hosts. */
export class WgTwins implements AsyncDisposable {
  private constructor(
    readonly oracle: Twin,
    readonly tested: Twin,
    readonly setting: Setting,
    readonly stack: AsyncDisposableStack,
  ) {}

  /** Two hosts whose interfaces `engine` serves. */
  static async create(setting: Setting, engine: Implementation = WGTS): Promise<WgTwins> {
    await using stack = new AsyncDisposableStack();
    const [oracle, tested] = await Promise.all([
      Twin.create("oracle", [ORACLE], setting, engine),
      Twin.create("tested", TESTED, setting, engine),
    ]);
    stack.use(oracle);
    stack.use(tested);
    return new WgTwins(oracle, tested, setting, stack.move());
  }

  /** Runs each of the scripts, from the same state of the interfaces, with the real `wg`. */
  runOracle(scripts: readonly string[]): Promise<Outcome[]> {
    return this.oracle.run(scripts, this.setting);
  }

  /** The same with wgts. */
  runTested(scripts: readonly string[]): Promise<Outcome[]> {
    return this.tested.run(scripts, this.setting);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync();
  }
}

/** Makes `wg` in a host the given program. */
async function link(host: Host, program: readonly string[]): Promise<void> {
  const [file = "", ...args] = program;
  const wg = `${ROOT}/bin/wg`;
  if (args.length === 0) return void await host.run(["ln", "-s", file, wg]);
  // The sources have no name of their own.
  await host.writeFile(wg, `#!/bin/sh\nexec ${program.join(" ")} wg "$@"\n`, 0o755);
}

async function startFakes(
  host: Host,
  fakes: FakeInterfaces,
  stack: AsyncDisposableStack,
): Promise<void> {
  const last = Object.keys(fakes).at(-1);
  if (last === undefined) return;
  await host.writeFile(`${ROOT}/fakes.json`, JSON.stringify(fakes));
  const program = [Deno.execPath(), "run", "-A", "--quiet", pathOf("fake_interfaces.ts")];
  const server = await host.start([...program, `${ROOT}/fakes.json`]);
  stack.defer(async () => {
    server.kill("SIGKILL");
    await server.result;
  });
  await waitFor("the fake interfaces", async () => {
    await run(["test", "-S", host.path(`/run/wireguard/${last}.sock`)]);
    return true;
  });
}
