/** What is told of interfaces while one of them doesn't answer. */
import assert from "node:assert/strict";
import "../ffi/bind_libc.ts";
import { readReport } from "../../cli/system/status_report.ts";
import { rootTest } from "../ffi/privileged.ts";
import { FakeControlSocket } from "./fake_control_socket.ts";
import { SilentSocket } from "./silent_socket.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

rootTest("status of what doesn't answer says so in one line, and tells of the others", async () => {
  using silent = new SilentSocket(`wgtss${Deno.pid}`);
  using other = new FakeControlSocket(`wgtst${Deno.pid}`);
  other.otherAnswer = "";
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", MAIN, "status", silent.name, other.name],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  assert.equal(
    decoder.decode(stderr),
    `wgts: ${silent.name}: what serves it doesn't answer: its process is stopped, or very busy\n`,
  );
  assert.match(decoder.decode(stdout), new RegExp(`^interface: ${other.name}\n`));
  assert.equal(code, 1);
});

rootTest("interfaces that don't answer are waited for at the same time", async () => {
  using first = new SilentSocket(`wgtss${Deno.pid}`);
  using second = new SilentSocket(`wgtst${Deno.pid}`);
  const names = [first.name, second.name];
  const reading = readReport(names, 0, 10_000);
  await Promise.all([first.asked, second.asked]);
  assert.deepEqual([first.left, second.left], [0, 0]);
  second.answer("errno=1\n\n");
  first.answer("errno=2\n\n");
  const { report, problems } = await reading;
  assert.deepEqual(report.running, []);
  assert.deepEqual(problems, [
    `${first.name}: The control socket answered errno 2`,
    `${second.name}: The control socket answered errno 1`,
  ]);
});

rootTest("no terminal obeys the name of an interface that can't be read", async () => {
  using socket = new FakeControlSocket(`w\x1b[m${Deno.pid}`);
  socket.otherAnswer = socket.answer = "errno=1\n\n";
  const { problems } = await readReport([socket.name], 0);
  assert.deepEqual(problems, [`w\\u{1b}[m${Deno.pid}: The control socket answered errno 1`]);
});

rootTest("what comes in time is read, however late the reader comes to it", async () => {
  using socket = new FakeControlSocket(`wgtss${Deno.pid}`);
  const limit = 200;
  const answer = () => {
    // The reader's time is over before this thread does anything else.
    const end = performance.now() + 1.5 * limit;
    while (performance.now() < end);
    return "errno=1\n\n";
  };
  Object.defineProperty(socket, "otherAnswer", { get: answer });
  Object.defineProperty(socket, "answer", { get: answer });
  const { problems } = await readReport([socket.name], 0, limit);
  assert.deepEqual(problems, [`${socket.name}: The control socket answered errno 1`]);
});
