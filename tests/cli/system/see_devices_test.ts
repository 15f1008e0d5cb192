import assert from "node:assert/strict";
import "../../ffi/bind_libc.ts";
import { seeTun } from "../../../cli/system/doctor/see_devices.ts";

Deno.test("a driver that isn't loaded isn't asked for", () => {
  const opened: string[] = [];
  const open = (device: string) => {
    opened.push(device);
    return null;
  };
  assert.deepEqual(seeTun("183 hw_random\n", "/dev/null", open), { isLoaded: false, error: null });
  assert.deepEqual(opened, []);
  assert.deepEqual(seeTun("200 tun\n", "/dev/null", open), { isLoaded: true, error: null });
  assert.deepEqual(seeTun(null, "/dev/null", open), { isLoaded: null, error: null });
  assert.deepEqual(opened, ["/dev/null", "/dev/null"]);
});

Deno.test("a device that isn't there, or is something else, tells why", () => {
  assert.equal(seeTun("", "/dev/no-such-device").error?.code, "ENOENT");
  assert.equal(seeTun("200 tun\n", "/proc").error?.code, "EISDIR");
});
