/** The man page: all of the help, in a form that man(1) finds nothing wrong with. */
import assert from "node:assert/strict";
import { helpOptions } from "../../cli/completions/help_table.ts";
import { commandHelp, commandSummaries } from "../../cli/help.ts";
import { manPage } from "../../cli/man_page.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

function hasMan(): boolean {
  try {
    return new Deno.Command("man", { args: ["--version"] }).outputSync().success;
  } catch {
    return false;
  }
}

/** The page as it is read, and what was wrong with it. */
async function render(page: string): Promise<{ text: string; warnings: string }> {
  const file = await Deno.makeTempFile({ suffix: ".8" });
  try {
    await Deno.writeTextFile(file, page);
    const { stdout, stderr } = await new Deno.Command("man", {
      args: ["--warnings=all", "-E", "UTF-8", "-P", "cat", "-l", file],
      env: { LC_ALL: "C.UTF-8", MANWIDTH: "100", MANROFFOPT: "-c" },
    }).output();
    const decoder = new TextDecoder();
    // Bold is printed over itself.
    // deno-lint-ignore no-control-regex -- so it is printed
    const text = decoder.decode(stdout).replaceAll(/.\x08/g, "");
    return { text, warnings: decoder.decode(stderr) };
  } finally {
    await Deno.remove(file);
  }
}

Deno.test({
  name: "the man page holds all of the help, and man finds nothing wrong with it",
  ignore: !hasMan() && !Deno.env.has("CI"),
  async fn() {
    const { text, warnings } = await render(manPage());
    assert.equal(warnings, "");
    for (const command of commandSummaries().keys()) {
      const start = text.indexOf(`\n   ${command}\n`);
      assert.ok(start >= 0, command);
      const end = text.indexOf("\n   ", start + 4 + command.length);
      const section = text.slice(start, /^ {3}\S/.test(text.slice(end + 1)) ? end : undefined);
      for (const { name } of helpOptions(command)) {
        assert.ok(name === "--help" || section.includes(name), `${command} ${name}`);
      }
      const words = (text: string) => text.split(/\s+/).filter((word) => word !== "");
      const [usage = "", , ...lines] = (commandHelp(command) ?? "").split("\n");
      const help = words([usage.replace("Usage: ", ""), ...lines].join("\n"));
      assert.deepEqual(words(section).slice(1, 1 + help.length), help, command);
    }
  },
});

Deno.test("help --man prints the man page", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", MAIN, "help", "--man"],
  }).output();
  assert.equal(code, 0);
  assert.equal(new TextDecoder().decode(stdout), manPage());
});
