/** How `status` takes what serves an interface but isn't wgts. */
import assert from "node:assert/strict";
import "../ffi/bind_libc.ts";
import { namespaceName } from "../../cli/system/namespace_name.ts";
import { readReport } from "../../cli/system/status_report.ts";
import { rootTest } from "../ffi/privileged.ts";
import { FakeControlSocket } from "./fake_control_socket.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

/** Runs `wgts status` in a process of its own, while this one serves the socket. */
async function status(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", MAIN, "status", ...args],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Of a private key of 32 bytes 11. */
const PUBLIC_KEY = "e06Qm75//kTEZaIgA31gjuNYl9Me+XLwf3SJLLD3PxM=";
const KEY = "ab".repeat(32);
const GET = `private_key=${"11".repeat(32)}
listen_port=51820
fwmark=7
public_key=${KEY}
preshared_key=${"22".repeat(32)}
endpoint=192.0.2.1:1234
last_handshake_time_sec=1700000000
last_handshake_time_nsec=5
tx_bytes=1
rx_bytes=2
persistent_keepalive_interval=25
allowed_ip=10.0.0.0/8
errno=0

`;

const ANSWERS: Readonly<Record<string, string>> = {
  "an error, as boringtun does": "errno=5\n\n",
  "a negative errno": "errno=-22\n\n",
  "nothing and hangs up, as wireguard-go does": "",
  "half a line": "vers",
  "success without a status": "errno=0\n\n",
  "something else altogether": "HTTP/1.1 400 Bad Request\r\n\r\n\n\n",
};

for (const [what, answer] of Object.entries(ANSWERS)) {
  rootTest(`status asks for the state of what answers ${what}`, async () => {
    using socket = new FakeControlSocket(`wgtss${Deno.pid}`);
    socket.answer = GET;
    socket.otherAnswer = answer;
    const { code, stdout, stderr } = await status("--interval=0.01", socket.name);
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.equal(
      stdout.replace(/ (\d+ \w+, )*\d+ \w+ ago$/m, " some time ago"),
      `interface: ${socket.name}
  public key: ${PUBLIC_KEY}
  listening port: 51820
  fwmark: 0x7
  backend: another userspace implementation; it tells no more than this

peer: q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=
  endpoint: 192.0.2.1:1234
  latest handshake: some time ago
  transfer: 2 B received, 1 B sent
  rate: 0 B/s received, 0 B/s sent
  persistent keepalive: every 25 seconds
`,
    );
  });
}

rootTest("status of what answers nothing of use is an error in one line", async () => {
  using socket = new FakeControlSocket(`wgtss${Deno.pid}`);
  socket.answer = socket.otherAnswer = "errno=1\n\n";
  assert.deepEqual(await status(socket.name), {
    code: 1,
    stdout: "",
    stderr: `wgts: ${socket.name}: The control socket answered errno 1\n`,
  });
});

rootTest("status of an interface that is named twice is told once", async () => {
  using socket = new FakeControlSocket(`wgtss${Deno.pid}`);
  socket.otherAnswer = "";
  const { stdout } = await status("--json", socket.name, "--", socket.name);
  assert.equal(JSON.parse(stdout).interfaces.length, 1);
});

rootTest("status takes every name that Linux takes", async () => {
  using socket = new FakeControlSocket(`wg@${Deno.pid}%`);
  socket.otherAnswer = "";
  const { code, stdout } = await status(socket.name);
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^interface: ${socket.name}\n`));
});

rootTest(
  "an interface that is taken down while rates are measured is no problem, unless it was named",
  async () => {
    for (const isNamed of [false, true]) {
      const socket = new FakeControlSocket(`wgtss${Deno.pid}`);
      socket.otherAnswer = "";
      Object.defineProperty(socket, "answer", {
        get() {
          socket[Symbol.dispose]();
          return GET;
        },
      });
      const { report, problems } = await readReport(isNamed ? [socket.name] : [], 0.01);
      assert.ok(report.running.every(({ status }) => status.name !== socket.name));
      assert.deepEqual(
        problems.filter((problem) => problem.startsWith(`${socket.name}: `)),
        isNamed ? [`${socket.name}: no interface is served by that name`] : [],
      );
    }
  },
);

Deno.test("status of an interface without a control socket is an error in one line", async () => {
  assert.deepEqual(await status("wgts-none"), {
    code: 1,
    stdout: "",
    stderr: "wgts: wgts-none: no interface is served by that name\n",
  });
});

Deno.test("a network namespace without a name is told by its number", () => {
  assert.equal(namespaceName(1), "net:[1]");
});
