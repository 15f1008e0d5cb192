import assert from "node:assert/strict";

Deno.test("the program can run itself from a directory with any name", async () => {
  const parent = await Deno.makeTempDir();
  const directory = `${parent}/a 100%25 ü#?`;
  try {
    await Deno.mkdir(directory);
    const source = new URL("../../cli/own_script.ts", import.meta.url);
    await Deno.copyFile(source, `${directory}/own_script.ts`);
    const main = `import { ownScript } from "./own_script.ts";
if (Deno.args.length > 0) console.log(...Deno.args);
else {
  const args = ["run", "-A", "--quiet", ownScript() ?? "", "again"];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).output();
  await Deno.stdout.write(stdout);
}`;
    await Deno.writeTextFile(`${directory}/main.ts`, main);
    const args = ["run", "-A", "--quiet", `${directory}/main.ts`];
    const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
    assert.equal(new TextDecoder().decode(stdout), "again\n");
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});
