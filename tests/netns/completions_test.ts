/** Completions in the real shells, by the keys that ask for them. */
import assert from "node:assert/strict";
import { wgts } from "./harness/program.ts";
import { generateKey, publicKey, Site } from "./harness/site.ts";
import { Tmux } from "./harness/tmux.ts";
import { waitFor } from "./harness/wait.ts";
import { SHOW_FIELDS } from "../../core/show/field_names.ts";

/** Long lines aren't wrapped. */
const SIZE = { columns: 400, rows: 40 };

/** Where the host has the program, under all of its names. */
const PROGRAMS = "/run/bin";
const BASH_COMPLETION = "/usr/share/bash-completion/bash_completion";

/** A host with the tunnel wg0, whose peers are the remote host and another one. */
class Scene implements AsyncDisposable {
  private constructor(readonly site: Site, readonly peers: readonly string[]) {}

  static async create(): Promise<Scene> {
    const site = await Site.create();
    // What both keys begin with, zsh would insert before it lists them.
    let other = site.keys.remotePublic;
    while (other[0] === site.keys.remotePublic[0]) other = await publicKey(await generateKey());
    await site.host.writeFile(
      "/etc/wireguard/wg0.conf",
      site.config().replace("[Peer]", "[Peer] # office") + `[Peer]\nPublicKey = ${other}\n`,
    );
    await site.host.sh(`mkdir -p ${PROGRAMS} /run/files/wgdir
      touch /run/files/wg8.conf /run/files/wg9.conf /run/files/wg.txt`);
    await site.host.writeFile(
      `${PROGRAMS}/wgts`,
      `#!/bin/sh\nexec ${wgts().join(" ")} "$@"\n`,
      0o755,
    );
    await site.host.sh(`ln -s wgts ${PROGRAMS}/wg; ln -s wgts ${PROGRAMS}/wg-quick`);
    await site.wgtsOk("up", "wg0");
    return new Scene(site, [site.keys.remotePublic, other]);
  }

  get env(): Record<string, string> {
    return { PATH: `${PROGRAMS}:/usr/sbin:/usr/bin:/sbin:/bin` };
  }

  /** A line to complete, and what is possible at its end. */
  get cases(): readonly (readonly [line: string, possible: readonly string[]])[] {
    const [first = "", second = ""] = this.peers;
    return [
      ["wgts show ", ["wg0", "all", "interfaces"]],
      ["wgts show wg0 ", SHOW_FIELDS],
      ["wgts show wg0 p", SHOW_FIELDS.filter((field) => field.startsWith("p"))],
      ["wgts up --crypto=n", ["--crypto=native", "--crypto=noble"]],
      ["wgts up --crypto n", ["native", "noble"]],
      ["wgts set wg0 peer ", [first, second]],
      [`wgts set wg0 peer ${first} p`, ["preshared-key", "persistent-keepalive", "peer"]],
      ["wgts up /run/files/", ["wgdir", "wg8.conf", "wg9.conf"]],
      ["wgts set wg0 private-key /run/files/wg", ["wgdir", "wg.txt", "wg8.conf", "wg9.conf"]],
      ["wg sho", ["show", "showconf"]],
      ["wg set wg0 peer ", [first, second]],
      ["wg-quick ", ["up", "down", "save", "strip"]],
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]();
  }
}

/** Names of files as lists of them are shown: the last part, without a mark of directories. */
function named(value: string): string {
  return value.replace(/^\/run\/files\//, "").replace(/\/$/, "");
}

/** Types `line`, asks for all possibilities, and waits until `read` finds these on the screen. */
async function check(
  terminal: Tmux,
  line: string,
  possible: readonly string[],
  keys: readonly string[],
  read: (text: string) => string[],
): Promise<void> {
  await terminal.type(line);
  for (const key of keys) await terminal.press(key);
  const expected = possible.toSorted();
  let found: string[] = [], text = "";
  await waitFor(`completions of \`${line}'`, async () => {
    text = await terminal.text();
    found = read(text).map(named).toSorted();
    return String(found) === String(expected);
  }).catch(() => assert.deepEqual(found, expected, `${line}\n${text}`));
  for (const key of ["C-e", "C-u", "C-l"]) await terminal.press(key);
  await terminal.waitForText(/^\$ *\n*$/);
}

/** Types the beginning of a peer's key, and of a word behind it. */
async function checkWords(terminal: Tmux, key: string, next = "rem"): Promise<void> {
  await terminal.type(`wgts set wg0 peer ${key.slice(0, 30)}`);
  await terminal.press("Tab");
  const plain = key.replaceAll("+", "\\+");
  await terminal.waitForText(new RegExp(`^\\$ wgts set wg0 peer ${plain}$`, "m"));
  await terminal.type(next);
  await terminal.press("Tab");
  await terminal.waitForText(new RegExp(`^\\$ wgts set wg0 peer ${plain} remove$`, "m"));
}

/** How bash comes to its completions. */
const BASHES: Readonly<Record<string, readonly [prepare: string, begin: string]>> = {
  "alone": ["", "source <(wgts completions bash)"],
  "with bash-completion, which loads them when they are needed": [
    `mkdir -p /run/bash/completions
    for name in wgts wg wg-quick; do ${PROGRAMS}/wgts completions bash >/run/bash/completions/$name; done`,
    `BASH_COMPLETION_USER_DIR=/run/bash; source ${BASH_COMPLETION}`,
  ],
};

for (const [how, [prepare, begin]] of Object.entries(BASHES)) {
  Deno.test(`bash completes, ${how}`, async () => {
    await using scene = await Scene.create();
    const { host } = scene.site;
    await host.sh(prepare);
    const shell = ["bash", "--norc", "--noprofile"];
    const terminal = await Tmux.start(host, SIZE, scene.env, shell);
    await terminal.command(`${begin}; clear; echo ready`);
    await terminal.waitForText(/^ready\n\$/);
    await terminal.press("C-l");
    for (const [line, possible] of scene.cases) {
      // All of them are inserted, in the place of what is behind the last space, =, or :.
      const head = line.slice(0, Math.max(...["=", ":", " "].map((c) => line.lastIndexOf(c))) + 1);
      const kept = head.slice(head.lastIndexOf(" ") + 1);
      const read = (text: string) => {
        const start = `$ ${head}`;
        const inserted = text.startsWith(start) ? text.slice(start.length).trim() : "";
        return inserted === "" ? [] : inserted.split(/\s+/).map((value) => kept + value);
      };
      await check(terminal, line, possible, ["Escape", "*"], read);
    }
    await checkWords(terminal, scene.peers[0] ?? "");
  });
}

Deno.test("zsh completes", async () => {
  await using scene = await Scene.create();
  const terminal = await Tmux.start(scene.site.host, SIZE, scene.env, ["zsh", "-f"]);
  await terminal.command(
    "autoload -Uz compinit; compinit -u -D; source <(wgts completions zsh); clear; echo ready",
  );
  await terminal.waitForText(/^ready\n\$/);
  await terminal.press("C-l");
  for (const [line, possible] of scene.cases) {
    const read = (text: string) => {
      const [, ...list] = text.trimEnd().split("\n");
      return list.flatMap((line) => line.split(" -- ")[0]?.trim().split(/\s+/) ?? []);
    };
    await check(terminal, line, possible, ["C-d"], read);
  }
  await terminal.type("wgts set wg0 peer ");
  await terminal.press("Tab");
  await terminal.waitForText(/= +-- office$/m);
  for (const key of ["C-u", "C-l"]) await terminal.press(key);
  await checkWords(terminal, scene.peers[0] ?? "");
});

Deno.test("fish completes", async () => {
  await using scene = await Scene.create();
  const complete = async (line: string) => {
    const script = "wgts completions fish | source; complete -C $argv[1]";
    const text = await scene.site.host.run(
      [
        "env",
        `PATH=${scene.env.PATH}`,
        "HOME=/run",
        "timeout",
        "30",
        "fish",
        "--no-config",
        "-c",
        script,
        line,
      ],
    );
    return text.trimEnd().split("\n");
  };
  for (const [line, possible] of scene.cases) {
    const found = (await complete(line)).map((text) => named(text.split("\t")[0] ?? ""));
    assert.deepEqual(found.toSorted(), possible.toSorted(), line);
  }
  assert.ok((await complete("wgts set wg0 peer ")).includes(`${scene.peers[0]}\toffice`));
  const terminal = await Tmux.start(scene.site.host, SIZE, { ...scene.env, HOME: "/run" });
  const prompt = "function fish_prompt; echo -n '$ '; end";
  await terminal.command(
    `exec fish --no-config -C "${prompt}; wgts completions fish | source; clear"`,
  );
  await terminal.waitForText(/^\$ *\n*$/);
  // Behind a "=", fish adds no space.
  await checkWords(terminal, scene.peers[0] ?? "", " rem");
});

Deno.test("wg is left alone where it is another program", async () => {
  await using scene = await Scene.create();
  const { host } = scene.site;
  await host.sh(
    `rm ${PROGRAMS}/wg; printf '#!/bin/sh\\n' >${PROGRAMS}/wg; chmod +x ${PROGRAMS}/wg`,
  );
  const run = (...command: string[]) => host.run(["env", `PATH=${scene.env.PATH}`, ...command]);
  const bash = "source <(wgts completions bash); complete -p wgts wg-quick; ! complete -p wg 2>&1";
  assert.match(await run("bash", "-c", bash), /_wgts wgts\n.*_wgts wg-quick\n.*no completion/);
  const zsh = "autoload -Uz compinit; compinit -u -D; source <(wgts completions zsh);" +
    'print "$_comps[wgts] $_comps[wg-quick] [$_comps[wg]]"';
  assert.match(await run("zsh", "-f", "-c", zsh), /^_wgts _wgts \[(_wireguard)?\]\n$/);
  const fish = "wgts completions fish | source; complete -c wg-quick; complete -c wg";
  const lines = (await run("env", "HOME=/run", "fish", "--no-config", "-c", fish)).trim().split(
    "\n",
  );
  assert.equal(lines.filter((line) => line.includes("__wgts_complete")).length, 1);
});
