import assert from "node:assert/strict";
import { isInterfaceName, isLinkName, locateConfig } from "../../../core/config/interface_name.ts";

Deno.test("isInterfaceName takes 1 to 15 of wg-quick's characters", () => {
  for (const name of ["wg0", "a", "A-Z_0=9+.", "x".repeat(15)]) assert.ok(isInterfaceName(name));
  for (const name of ["", "x".repeat(16), "wg 0", "wg/0", "wg0\n", "wgä", "wg:0", "%i", "\nwg0"]) {
    assert.ok(!isInterfaceName(name), JSON.stringify(name));
  }
});

Deno.test("isLinkName takes what Linux takes for a name", () => {
  for (const name of ["wg@x", "wg0", "%i", "ö", "x".repeat(15), "..."]) assert.ok(isLinkName(name));
  const others = [
    "",
    ".",
    "..",
    "x".repeat(16),
    "ö".repeat(8),
    "a/b",
    "a:b",
    "a b",
    "a\t",
    "a\0",
    "à",
  ];
  for (const name of others) assert.ok(!isLinkName(name), JSON.stringify(name));
});

Deno.test("locateConfig follows wg-quick's rule for names and paths", () => {
  const cases: [string, string | null, string?][] = [
    ["wg0", "/etc/wireguard/wg0.conf", "wg0"],
    ["wg0.txt", "/etc/wireguard/wg0.txt.conf", "wg0.txt"],
    // Even what ends in .conf is a name as long as it looks like one.
    ["wg0.conf", "/etc/wireguard/wg0.conf.conf", "wg0.conf"],
    ["./wg0.conf", "./wg0.conf", "wg0"],
    ["/a b/wg-1.conf", "/a b/wg-1.conf", "wg-1"],
    ["a-long-name.conf", "a-long-name.conf", "a-long-name"],
    [`${"x".repeat(15)}.conf`, `${"x".repeat(15)}.conf`, "x".repeat(15)],
    [`./${"x".repeat(16)}.conf`, null],
    ["./wg0.txt", null],
    ["/etc/wireguard/", null],
    ["./.conf", null],
    ["./wg 0.conf", null],
    ["./wg0.conf\n", null],
    ["./...conf", null],
    ["", null],
    ["..", null],
    [".", null],
  ];
  for (const [argument, path, name] of cases) {
    const expected = path === null ? null : { path, name };
    assert.deepEqual(locateConfig(argument), expected, JSON.stringify(argument));
  }
});
