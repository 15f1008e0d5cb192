/** Looking up endpoints and ports in `wg`'s words. */
import "../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import type { Lookup } from "../../../cli/system/address_info.ts";
import { portNow, resolveNow } from "../../../cli/system/wg_resolver.ts";
import { IpAddress } from "../../../core/ip.ts";
import { formatUapiEndpoint } from "../../../core/uapi/values.ts";
import { EAI_AGAIN, EAI_FAIL, EAI_NODATA, EAI_NONAME } from "../../../ffi/layout.ts";

const FOUND: Lookup = {
  address: IpAddress.fromBytes(Uint8Array.of(192, 0, 2, 7)),
  port: 9,
  zone: "",
};
const LATER: Lookup = { error: EAI_AGAIN, text: "Temporary failure in name resolution" };

/** Resolves `vpn.example:9` with lookups that answer these, then always the last. */
function resolve(answers: Lookup[], retries: string | undefined) {
  const printed: string[] = [], pauses: number[] = [];
  let outcome: string;
  try {
    const found = resolveNow("vpn.example", "9", "vpn.example:9", {
      retries,
      print: (line) => printed.push(line),
      lookUp: () => (answers.length > 1 ? answers.shift() : answers[0]) ?? LATER,
      sleep: (pause) => void pauses.push(pause),
    });
    outcome = formatUapiEndpoint(found);
  } catch (error) {
    outcome = String(error);
  }
  return { outcome, printed, pauses };
}

Deno.test("a failure that may pass is tried again, as often and as slowly as wg does", () => {
  const words = "Temporary failure in name resolution: `vpn.example:9'";
  const { outcome, printed, pauses } = resolve([LATER], undefined);
  assert.equal(outcome, `WgError: ${words}`);
  assert.equal(printed.length, 15);
  assert.equal(printed[0], `${words}. Trying again in 1.00 seconds...`);
  assert.equal(printed[2], `${words}. Trying again in 1.44 seconds...`);
  assert.equal(printed[14], `${words}. Trying again in 12.84 seconds...`);
  assert.equal(pauses[1], 1200);
  assert.deepEqual(resolve([LATER], "0"), {
    outcome: `WgError: ${words}`,
    printed: [],
    pauses: [],
  });
  assert.equal(resolve([LATER, LATER, FOUND], "2").outcome, "192.0.2.7:9");
  const long = resolve([...Array<Lookup>(30).fill(LATER), FOUND], "infinity");
  assert.equal(long.outcome, "192.0.2.7:9");
  assert.equal(long.pauses.at(-1), 20_000);
});

Deno.test("a failure that stays isn't tried again", () => {
  for (const error of [EAI_NONAME, EAI_FAIL, EAI_NODATA]) {
    const { outcome, printed } = resolve([{ error, text: "No" }], "infinity");
    assert.equal(outcome, "WgError: No: `vpn.example:9'");
    assert.deepEqual(printed, []);
  }
});

Deno.test("a number of retries that is none ends it, for literal addresses too", () => {
  for (
    const retries of [
      "x",
      "-1",
      "1x",
      " ",
      "1 ",
      "2147483648",
      "Infinity",
      "0x1",
      "1e3",
      "-18446744073709551616",
    ]
  ) {
    assert.throws(
      () => resolveNow("192.0.2.1", "1", "192.0.2.1:1", { retries, print: assert.fail }),
      { message: `Unable to parse WG_ENDPOINT_RESOLUTION_RETRIES: \`${retries}'` },
    );
  }
  for (const retries of ["", "1", " 1", "+1", "007", "2147483647", "-0", "-18446744073709551615"]) {
    assert.equal(resolve([LATER, FOUND], retries).outcome.includes("parse"), false);
  }
});

Deno.test("a literal address needs nobody to be asked", () => {
  const options = { retries: "0", print: assert.fail, lookUp: () => assert.fail("asked") };
  const show = (host: string, service: string) =>
    formatUapiEndpoint(resolveNow(host, service, "", options));
  assert.equal(show("192.0.2.1", "65535"), "192.0.2.1:65535");
  assert.equal(show("2001:db8::1", "0009"), "[2001:db8::1]:9");
});

Deno.test("the system knows more spellings of addresses and ports", () => {
  const show = (host: string, service: string) =>
    formatUapiEndpoint(resolveNow(host, service, "", { retries: "0", print: assert.fail }));
  assert.equal(show("127.1", "9"), "127.0.0.1:9");
  assert.equal(show("0x7f.1", "9"), "127.0.0.1:9");
  assert.equal(show("192.0.2.1", "65537"), "192.0.2.1:1");
  assert.equal(show("192.0.2.1", "+9"), "192.0.2.1:9");
  assert.equal(show("fe80::1%lo", "9"), "[fe80::1%lo]:9");
  assert.equal(show("2001:db8::1%5", "9"), "[2001:db8::1%5]:9");
  assert.equal(portNow("65537", {}), 1);
  assert.equal(portNow(" 9", {}), 9);
});

Deno.test("what the system doesn't know is told of in its words", () => {
  const options = { retries: "0", print: assert.fail };
  const unknown = (host: string, service: string) => () => resolveNow(host, service, "X", options);
  assert.throws(unknown("2001:db8::1%lo", "9"), { message: "Name or service not known: `X'" });
  assert.throws(unknown("", "9"), { message: "Name or service not known: `X'" });
  const words = "Servname not supported for ai_socktype";
  assert.throws(unknown("192.0.2.1", "nosuchservice"), { message: `${words}: \`X'` });
  for (const service of ["-1", "0x10", "9 ", "nosuchservice"]) {
    assert.throws(() => portNow(service, {}), { message: `${words}: \`${service}'` });
  }
});
