/** What is offered where in a command line. */
import assert from "node:assert/strict";
import { complete, SHELLS } from "../../../cli/completions/complete.ts";
import {
  completionLines,
  type CompletionSurroundings,
} from "../../../cli/completions/completion.ts";
import { helpCommands, helpOptions } from "../../../cli/completions/help_table.ts";
import { commandHelp, usage } from "../../../cli/help.ts";
import { SHOW_FIELDS } from "../../../core/show/field_names.ts";

const KEY = "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=";
const SURROUNDINGS: CompletionSurroundings = {
  interfaces: () => Promise.resolve(["wg0", "wg1"]),
  peers: (name) =>
    Promise.resolve(name === "wg0" ? [{ value: KEY, description: "office\tand\x1b more" }] : []),
  configs: () => ["home", "work"],
  links: () => ["eth0", "lo"],
  namespaces: () => ["blue", "physical"],
  groups: () => ["root", "netdev"],
};

/** What is offered behind the words of `line`, the last of which is what is there of the word. */
async function offered(...line: string[]): Promise<string[]> {
  const lines = completionLines(await complete(line, SURROUNDINGS), line.at(-1) ?? "");
  return lines.map((line) => line.split("\t")[0] ?? "");
}

Deno.test("completions offer every command and option that the help lists", async () => {
  const commands = await offered("wgts", "");
  const listed = [...usage().matchAll(/^ {2}([\w-]+) +[A-Z]/gm)].map(([, name = ""]) => name);
  assert.ok(listed.length > 15);
  assert.deepEqual(commands.toSorted(), [...listed, "--help", "--version"].toSorted());
  for (const command of listed) {
    const help = commandHelp(command) ?? "";
    const options = [...help.matchAll(/^ {2}.{4}(--[\w-]+=?)/gm)].map(([, option = ""]) => option);
    const names = helpOptions(command).map(({ name, takesValue }) =>
      takesValue ? `${name}=` : name
    );
    for (const option of options) assert.ok(names.includes(option), `${command} ${option}`);
    for (const { name, description } of helpOptions(command)) {
      assert.ok(name === "--help" || help.includes(name), `${command} ${name}`);
      assert.match(description, /^[A-Z].*[\w)]$/, `${command} ${name}`);
    }
  }
});

Deno.test("completions know the values of every option that takes one", async () => {
  const free = ["--interval", "--listen", "--bind-address", "--count"];
  let checked = 0;
  for (const command of helpCommands().keys()) {
    for (const { name, takesValue } of helpOptions(command)) {
      if (!takesValue || free.includes(name) || !name.startsWith("--")) continue;
      const values = await offered("wgts", command, name, "");
      assert.ok(values.length > 0, `${command} ${name}`);
      assert.deepEqual(
        await offered("wgts", command, `${name}=`),
        values.map((value) => `${name}=${value}`),
      );
      checked++;
    }
  }
  assert.ok(checked >= 6);
});

const FILES = ":any", CONFIGS = ":configs";
const SET_INTERFACE = ["listen-port", "fwmark", "private-key", "peer"];
const SET_PEER = [
  "remove",
  "preshared-key",
  "endpoint",
  "persistent-keepalive",
  "allowed-ips",
  "peer",
];

const CASES: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ["wgts up ", ["home", "work", CONFIGS]],
  ["wgts up h", ["home", CONFIGS]],
  ["wgts up --crypto wasm ", ["home", "work", CONFIGS]],
  ["wgts up --crypto=wasm w", ["work", CONFIGS]],
  ["wgts up home ", []],
  ["wgts up --crypto n", ["native", "noble"]],
  ["wgts up --crypto=li", ["--crypto=libcrypto"]],
  ["wgts up --status-group=n", ["--status-group=netdev"]],
  ["wgts up --dry", ["--dry-run"]],
  ["wgts up --dry-run=", []],
  ["wgts up -- --dry", [CONFIGS]],
  ["wgts down ", ["home", "work", CONFIGS]],
  ["wgts reload ", ["home", "work", CONFIGS]],
  ["wgts run ", []],
  ["wgts show ", ["wg0", "wg1", "all", "interfaces"]],
  ["wgts show wg0 ", SHOW_FIELDS],
  ["wgts show all tr", ["transfer"]],
  ["wgts show interfaces ", []],
  ["wgts show wg0 transfer ", []],
  ["wgts showconf ", ["wg0", "wg1"]],
  ["wgts showconf wg0 ", []],
  ["wgts status wg0 ", ["wg1"]],
  ["wgts top --interval 5 wg1 ", ["wg0"]],
  ["wgts top --interval ", []],
  ["wgts set ", ["wg0", "wg1"]],
  ["wgts set wg0 ", SET_INTERFACE],
  ["wgts set wg0 listen-port ", []],
  ["wgts set wg0 listen-port 1 fwmark ", ["off"]],
  ["wgts set wg0 listen-port 1 fwmark off p", ["private-key", "peer"]],
  ["wgts set wg0 private-key ", [FILES]],
  ["wgts set wg0 peer ", [KEY]],
  ["wgts set wg0 peer q6", [KEY]],
  ["wgts set wg1 peer ", []],
  [`wgts set wg0 peer ${KEY} `, SET_PEER],
  [`wgts set wg0 peer ${KEY} remove `, SET_PEER.slice(1)],
  [`wgts set wg0 peer ${KEY} preshared-key `, [FILES]],
  [`wgts set wg0 peer ${KEY} endpoint 192.0.2.1:1 p`, [
    "preshared-key",
    "persistent-keepalive",
    "peer",
  ]],
  [`wgts set wg0 peer ${KEY} persistent-keepalive o`, ["off"]],
  [`wgts set wg0 peer peer remove peer `, [KEY]],
  [`wgts set wg0 nonsense `, []],
  ["wgts setconf ", ["wg0", "wg1"]],
  ["wgts syncconf wg0 ", [FILES]],
  ["wgts addconf wg0 file ", []],
  ["wgts genkey ", []],
  ["wgts install-links ", [":directories"]],
  ["wgts install-links --f", ["--force"]],
  ["wgts completions ", SHELLS],
  ["wgts help top", ["top"]],
  ["wgts nonsense ", []],
  ["wgts constructor ", []],
  ["wgts engine ", []],
  ["wgts complete ", []],
  ["wgts wg show wg0 fw", ["fwmark"]],
  ["wgts wg-quick ", ["up", "down", "save", "strip"]],
  ["wgts wg-quick up ", ["home", "work", CONFIGS]],
  ["/opt/wgts up h", ["home", CONFIGS]],
  ["wg set wg0 peer ", [KEY]],
  ["/usr/bin/wg showconf ", ["wg0", "wg1"]],
  ["wg top ", []],
  ["wg-quick strip w", ["work", CONFIGS]],
  ["wg-quick nonsense ", []],
  ["wireguard-go ", ["--foreground", "-f"]],
  ["wireguard-go -f wg0 ", []],
];

for (const [line, expected] of CASES) {
  Deno.test(`completions of \`${line}'`, async () => {
    assert.deepEqual(await offered(...line.split(" ")), expected);
  });
}

Deno.test("the commands of wg are those that `wgts wg --help' lists", async () => {
  const main = new URL("../../../cli/main.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", main, "wg", "--help"],
  }).output();
  const listed = [...new TextDecoder().decode(stdout).matchAll(/^ {2}(\w+):/gm)];
  assert.ok(listed.length > 5);
  assert.deepEqual(await offered("wg", ""), listed.map(([, name]) => name));
});

Deno.test("peers are told with their names, and nothing that a terminal would obey", async () => {
  const completion = await complete(["wgts", "set", "wg0", "peer", ""], SURROUNDINGS);
  assert.deepEqual(completionLines(completion, ""), [`${KEY}\toffice and more`]);
});

Deno.test("what a shell would have to quote is not offered", () => {
  const values = ["wg0", "$(reboot)", "a b", "`x`", "a\nb", "", ":any", "ü", "a;b", "wg+=._-"];
  const candidates = values.map((value) => ({ value, description: "" }));
  assert.deepEqual(completionLines({ candidates, files: "none" }, ""), ["wg0", "wg+=._-"]);
});
