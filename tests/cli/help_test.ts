/** Help and misuse: on the right stream, with the right exit code, and never anything but that. */
import assert from "node:assert/strict";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;
const COMMANDS = [
  "up",
  "down",
  "reload",
  "save",
  "strip",
  "run",
  "show",
  "status",
  "metrics",
  "top",
  "events",
  "check",
  "repair",
  "doctor",
  "showconf",
  "set",
  "setconf",
  "addconf",
  "syncconf",
  "genkey",
  "genpsk",
  "pubkey",
  "install-links",
  "completions",
  "help",
  "version",
];

/** Programs that wgts acts as: what is behind their names is theirs, `--help` too. */
const APPLETS = ["wg", "wg-quick", "wireguard-go"];

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

async function wgts(...args: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", MAIN, ...args],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("--help, -h and help list all commands on stdout", async () => {
  const [long, short, word] = await Promise.all([wgts("--help"), wgts("-h"), wgts("help")]);
  assert.equal(long.code, 0);
  assert.equal(long.stderr, "");
  assert.match(long.stdout, /^Usage: wgts <cmd> \[<args>\]\n/);
  const listed = [...long.stdout.matchAll(/^ {2}([\w-]+)/gm)].map(([, name]) => name);
  assert.deepEqual(listed.toSorted(), [...COMMANDS, ...APPLETS].toSorted());
  assert.deepEqual(short, long);
  assert.deepEqual(word, long);
});

for (const command of COMMANDS) {
  Deno.test(`${command} --help and help ${command} tell how it is called`, async () => {
    const [option, short, word] = await Promise.all([
      wgts(command, "--help"),
      wgts(command, "--anything", "-h"),
      wgts("help", command),
    ]);
    assert.equal(option.code, 0);
    assert.equal(option.stderr, "");
    assert.match(option.stdout, new RegExp(`^Usage: wgts ${command}\\b.*\n\n.*\\S`));
    assert.ok(option.stdout.endsWith("\n") && !option.stdout.endsWith("\n\n"));
    for (const line of option.stdout.split("\n").slice(1)) assert.ok(line.length <= 100, line);
    assert.deepEqual(short, option);
    assert.deepEqual(word, option);
  });
}

for (const applet of APPLETS) {
  Deno.test(`help ${applet} tells how it is called`, async () => {
    const { code, stdout, stderr } = await wgts("help", applet);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(stdout, new RegExp(`^Usage: wgts ${applet} .*\n\n.*\\S`));
    for (const line of stdout.split("\n")) assert.ok(line.length <= 100, line);
  });
}

Deno.test("each command and each program has its module, and no module lacks a name", async () => {
  const commands = [...COMMANDS, ...APPLETS, "attend", "complete", "engine"];
  const directory = new URL("../../cli/commands/", import.meta.url);
  const modules = [...Deno.readDirSync(directory)].map(({ name }) => name).toSorted();
  assert.deepEqual(modules, commands.map((name) => `${name.replaceAll("-", "_")}.ts`).toSorted());
  for (const file of modules) {
    const { main } = await import(new URL(file, directory).href);
    assert.equal(typeof main, "function", file);
  }
  const names = new URL("../../cli/program_name.ts", import.meta.url);
  const source = await Deno.readTextFile(MAIN) + await Deno.readTextFile(names);
  for (const name of [...COMMANDS, "attend", "complete", "engine"]) {
    assert.ok(source.includes(`\n  "${name}",\n`), name);
  }
});

const MISUSES: readonly string[][] = [
  ["up"],
  ["up", "a", "b"],
  ["up", "--foregruond", "wg0"],
  ["up", "--dry-run=1", "wg0"],
  ["down"],
  ["down", "wg0", "wg1"],
  ["down", "--foreground", "wg0"],
  ["reload"],
  ["reload", "wg0", "wg1"],
  ["reload", "--force", "wg0"],
  ["save"],
  ["save", "wg0", "wg1"],
  ["save", "--dry-run", "wg0"],
  ["run"],
  ["run", "wg0", "wg1"],
  ["run", "-x", "wg0"],
  ["show", "wg0", "transfer", "x"],
  ["show", "interfaces", "x"],
  ["status", "--verbose"],
  ["status", "--json-schema", "wg0"],
  ["metrics", "wg0"],
  ["metrics", "--listen"],
  ["metrics", "--listen=1", "x"],
  ["top", "--verbose"],
  ["events", "--json-schema", "--json"],
  ["help", "status", "x"],
  ["help", "--man", "x"],
  ["completions"],
  ["completions", "csh"],
  ["completions", "bash", "zsh"],
  ["showconf"],
  ["showconf", "wg0", "x"],
  ["set", "wg0"],
  ["setconf", "wg0"],
  ["addconf", "wg0", "wg0.conf", "x"],
  ["syncconf"],
  ["genkey", "x"],
  ["genpsk", "--force"],
  ["pubkey", "key"],
];

for (const args of MISUSES) {
  Deno.test(`wgts ${args.join(" ")} is told how to call it, and does nothing`, async () => {
    const { code, stdout, stderr } = await wgts(...args);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, new RegExp(`^Usage: wgts ${args[0]}\\b[^\n]*\n$`));
  });
}

Deno.test("nothing behind -- is an option, and a name counts once", async () => {
  for (const name of ["wgts-none", "-wgts-none"]) {
    const complaint = `wgts: ${name}: no interface is served by that name\n`;
    for (const command of ["status", "events"]) {
      const { code, stdout, stderr } = await wgts(command, "--", name, name);
      assert.deepEqual(
        { code, stdout, stderr },
        { code: 1, stdout: "", stderr: complaint },
        command,
      );
    }
  }
});

Deno.test("an unknown subcommand is named, with all there are", async () => {
  // The last ones are names that every JavaScript object has.
  for (const word of ["foo", "UP", "engines", "constructor", "__proto__"]) {
    const { code, stdout, stderr } = await wgts(word);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.ok(stderr.startsWith(`Invalid subcommand: \`${word}'\nUsage: wgts <cmd>`), stderr);
    assert.deepEqual(await wgts("help", word), { code, stdout, stderr });
  }
});

Deno.test("the engine can't be started by hand", async () => {
  for (const args of [[], ["wg0"], ["wg0", "--orders-fd=x"]]) {
    const { code, stdout, stderr } = await wgts("engine", ...args);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /^wgts: the engine is started by `wgts up' and `wgts run', [^\n]*\n$/);
  }
});

Deno.test("what runs the commands of a config for events can't be started by hand", async () => {
  for (const args of [[], ["wg0"], ["wg0", "x", "/a"], ["wg0", "1", "/a", "b"]]) {
    const { code, stdout, stderr } = await wgts("attend", ...args);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.equal(stderr, "wgts: the attendant is started by `wgts up', not by hand\n");
  }
});

Deno.test("--version, -v and version print one line with the version of deno.json", async () => {
  const { version } = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  for (const word of ["--version", "-v", "version"]) {
    const { code, stdout, stderr } = await wgts(word);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(stdout, /^wgts v\S+ - [^\n]+\n$/);
    assert.ok(stdout.startsWith(`wgts v${version} `));
  }
});
