import assert from "node:assert/strict";
import { ConfigError } from "../../core/config/error.ts";
import { parseQuickConfig } from "../../core/config/quick.ts";
import { withoutKeys } from "../../core/hidden_keys.ts";

const KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

Deno.test("a key that was put elsewhere isn't repeated in a message", () => {
  assert.equal(withoutKeys(`a ${KEY} b`), "a (hidden) b");
  assert.equal(withoutKeys(`${KEY.slice(0, 32)}.`), "(hidden).");
  assert.equal(withoutKeys("vpn.example.com"), "vpn.example.com");
  for (const key of ["Address", "DNS", "MTU", "Table", "ListenPort", "FwMark", "SaveConfig"]) {
    // As a path, it is none that `Table` could name.
    const text = `[Interface]\n${key} = ${KEY}/${KEY}\n`;
    assert.throws(
      () => parseQuickConfig(text, "wg0.conf"),
      (error) => error instanceof ConfigError && !error.message.includes(KEY.slice(0, 40)),
      key,
    );
  }
});
