import assert from "node:assert/strict";
import { stripQuickConfig } from "../../../core/config/strip.ts";

const KEYS = ["Address", "MTU", "DNS", "Table", "PreUp", "PreDown", "PostUp", "PostDown"];

Deno.test("strip takes out what only wg-quick reads, and ends with an empty line", () => {
  const extra = KEYS.map((key) => `${key} = x\n`).join("");
  const config = (extra: string) => `# home\n[Interface]\n${extra}PrivateKey = a=\n\n[Peer]\n#p\n`;
  assert.equal(stripQuickConfig(config(`${extra}SaveConfig = false\n`)), `${config("")}\n`);
  assert.equal(stripQuickConfig(""), "\n");
});

Deno.test("strip reads as the script does: names in any case, no spaces inside, no comments", () => {
  assert.equal(
    stripQuickConfig(
      "\t[INTERFACE] # a\r\n aDDress=1#2 \nAddr ess=1\n#MTU=3\nmtu\n[ Interface ]\nMTU=1",
    ),
    "[INTERFACE] # a\r\nAddr ess=1\n#MTU=3\n[ Interface ]\nMTU=1\n\n",
  );
  assert.equal(
    stripQuickConfig("MTU=1\n[Peer]\nMTU=1\n[Interface]\nMTU=1"),
    "MTU=1\n[Peer]\nMTU=1\n[Interface]\n\n",
  );
  assert.equal(stripQuickConfig("[Interface]\n\0MTU=1\n  \n\t"), "[Interface]\n\n\n");
});

Deno.test("strip refuses a SaveConfig that is neither true nor false", () => {
  for (const value of ["yes", "", "1", "true false"]) {
    assert.throws(() => stripQuickConfig(`[Interface]\nSaveConfig = ${value}\n`), {
      message: `\`${value}' is neither true nor false`,
    });
  }
  assert.equal(stripQuickConfig("[Interface]\nSaveConfig = TRUE # x\n"), "[Interface]\n\n");
  assert.throws(() => stripQuickConfig("[Interface]\nSaveConfig\n"), /^Error: `SaveConfig' is/);
  assert.equal(stripQuickConfig("[Peer]\nSaveConfig = yes\n"), "[Peer]\nSaveConfig = yes\n\n");
});
