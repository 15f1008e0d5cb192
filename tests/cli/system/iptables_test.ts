import assert from "node:assert/strict";
import { deleteIptablesRules } from "../../../cli/system/iptables.ts";
import { FakePrograms } from "./fake_programs.ts";

const RULE = 'PREROUTING -j DROP -m comment --comment "wg-quick(8) rule for wgtsipt0"';

Deno.test("rules that can't be listed for a while are removed all the same", async () => {
  using fake = new FakePrograms({
    "iptables-save": `[ -e tried ] || { : >tried; exit 4; }
printf '*raw\\n-A %s\\nCOMMIT\\n' '${RULE}'`,
    "iptables-restore": "cat >restored",
  });
  await deleteIptablesRules("wgtsipt0", 4);
  assert.equal(fake.read("restored"), `*raw\n-D ${RULE}\nCOMMIT\n`);
});

Deno.test("a kernel without iptables has no rules to be removed", async () => {
  using fake = new FakePrograms({ "iptables-save": "exit 1", "iptables-restore": "cat >restored" });
  await deleteIptablesRules("wgtsipt0", 4);
  assert.equal(fake.read("restored"), "");
});
