import "./bind_libc.ts";
import assert from "node:assert/strict";
import { check } from "../../ffi/errno.ts";
import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { SystemLog } from "../../ffi/syslog.ts";
import { unixAddress } from "../../ffi/unix_address.ts";

/** A daemon that receives datagrams at `path`. */
class Daemon {
  readonly #fd: number;

  constructor(path: string) {
    const type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    this.#fd = check("open a socket", libc.socket(AF_UNIX, type, 0));
    const address = unixAddress(path);
    check("bind", libc.bind(this.#fd, address, address.length));
  }

  received(): string[] {
    const texts: string[] = [];
    const buffer = new Uint8Array(65536);
    for (;;) {
      const count = libc.recv(this.#fd, buffer, buffer.length, 0);
      if (count < 0) return texts;
      texts.push(new TextDecoder().decode(buffer.subarray(0, count)));
    }
  }

  close(): void {
    libc.close(this.#fd);
  }
}

function withLog(body: (log: SystemLog, paths: { journal: string; syslog: string }) => void): void {
  const directory = Deno.makeTempDirSync();
  const paths = { journal: `${directory}/journal`, syslog: `${directory}/log` };
  const log = new SystemLog("wgts", paths);
  try {
    body(log, paths);
  } finally {
    log.close();
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("journald is preferred, and a line can't forge a field", () => {
  withLog((log, paths) => {
    const journal = new Daemon(paths.journal), syslog = new Daemon(paths.syslog);
    assert.equal(log.write(6, "(wgf0) started\nPRIORITY=0\0x"), true);
    assert.deepEqual(journal.received(), [
      "PRIORITY=6\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=wgts\nMESSAGE=(wgf0) started PRIORITY=0 x\n",
    ]);
    assert.deepEqual(syslog.received(), []);
    journal.close();
    syslog.close();
  });
});

Deno.test("without journald the syslog daemon gets the line", () => {
  withLog((log, paths) => {
    const syslog = new Daemon(paths.syslog);
    assert.equal(log.write(3, "it broke"), true);
    const [line] = syslog.received();
    assert.match(
      line ?? "",
      new RegExp(
        `^<27>[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d wgts\\[${Deno.pid}\\]: it broke$`,
      ),
    );
    syslog.close();
  });
});

Deno.test("without a daemon, and with a stuck one, nothing waits; a restarted one is found", () => {
  withLog((log, paths) => {
    assert.equal(log.write(6, "lost"), false);
    const first = new Daemon(paths.journal);
    let taken = 0;
    while (log.write(6, `line ${taken}`)) taken++;
    assert.equal(first.received().length, taken);
    first.close();
    assert.equal(log.write(6, "lost"), false);
    Deno.removeSync(paths.journal);
    const second = new Daemon(paths.journal);
    assert.equal(log.write(6, "x".repeat(1 << 20)), true);
    assert.equal(second.received().length, 1);
    second.close();
  });
});
