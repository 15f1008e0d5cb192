/** Which program an invocation means, and how it calls itself. */
import assert from "node:assert/strict";
import { parseInvocation, programName } from "../../cli/program_name.ts";

Deno.test("a call by its own name, or by an unknown one, is one of wgts", () => {
  for (
    const argv0 of [
      "wgts",
      "/usr/bin/wgts",
      "./tunnel",
      "",
      "wg/wgts",
      "/opt/wg/",
      "wgx",
      "--wg",
      "-wgts",
    ]
  ) {
    assert.deepEqual(parseInvocation(argv0, ["show", "wg"]), {
      applet: "wgts",
      name: "wgts",
      args: ["show", "wg"],
    });
    assert.deepEqual(parseInvocation(argv0, []), { applet: "wgts", name: "wgts", args: [] });
  }
});

Deno.test("a call by a link's name is one of that program, which tells argv[0] as the real one does", () => {
  for (
    const [argv0, applet, name] of [
      ["wg", "wg", "wg"],
      ["/usr/bin/wg", "wg", "/usr/bin/wg"],
      ["../bin/wireguard-go", "wireguard-go", "../bin/wireguard-go"],
      ["/usr/bin/wg-quick", "wg-quick", "wg-quick"],
      ["-wg", "wg", "-wg"],
      ["-wg-quick", "wg-quick", "wg-quick"],
    ] as const
  ) {
    assert.deepEqual(parseInvocation(argv0, ["wg", "up"]), { applet, name, args: ["wg", "up"] });
  }
});

Deno.test("a program's name as the first argument means that program", () => {
  for (const applet of ["wg", "wg-quick", "wireguard-go"] as const) {
    assert.deepEqual(parseInvocation("/usr/bin/wgts", [applet, "show"]), {
      applet,
      name: applet,
      args: ["show"],
    });
  }
});

Deno.test("a program that is neither calls itself wgts", () => {
  assert.equal(programName(), "wgts");
});
