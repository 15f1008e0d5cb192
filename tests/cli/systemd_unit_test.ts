/** The unit for systemd(1). */
import assert from "node:assert/strict";
import { manPage } from "../../cli/man_page.ts";

const SHARE = new URL("../../cli/share/", import.meta.url).pathname;
const PROGRAM = "/usr/local/sbin/wgts";
const DOCUMENTATION = "man:wgts(8)";

Deno.test("the README shows the unit as it is", () => {
  const unit = Deno.readTextFileSync(`${SHARE}/wgts@.service`);
  const readme = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));
  assert.ok(readme.includes(`\`\`\`ini\n${unit}\`\`\`\n`));
});

Deno.test("the unit leads to the man page that wgts prints", () => {
  const unit = Deno.readTextFileSync(`${SHARE}/wgts@.service`);
  assert.ok(unit.includes(`\nDocumentation=${DOCUMENTATION}\n`));
  assert.match(manPage(), /^\.TH WGTS 8 /);
});

Deno.test({
  name: "systemd finds nothing wrong with the unit",
  ignore: !isInstalled("systemd-analyze"),
  fn() {
    const directory = Deno.makeTempDirSync();
    try {
      // Where wgts isn't installed, another program stands in: systemd looks whether there is one.
      const unit = Deno.readTextFileSync(`${SHARE}/wgts@.service`);
      assert.equal(unit.split(PROGRAM).length, 3);
      Deno.writeTextFileSync(
        `${directory}/wgts@.service`,
        unit.replaceAll(PROGRAM, Deno.execPath()).replace(DOCUMENTATION, "man:true(1)"),
      );
      const { code, stderr } = new Deno.Command("systemd-analyze", {
        args: ["verify", "--man=no", "--recursive-errors=no", `${directory}/wgts@wg0.service`],
        stdout: "null",
      }).outputSync();
      assert.equal(new TextDecoder().decode(stderr), "");
      assert.equal(code, 0);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
});

function isInstalled(program: string): boolean {
  try {
    new Deno.Command(program, { args: ["--version"], stdout: "null" }).outputSync();
    return true;
  } catch {
    return false;
  }
}
