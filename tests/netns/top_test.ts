/** `wgts top` in a real terminal, with real traffic. */
import assert from "node:assert/strict";
import { INNER, NEAR_ENDPOINT, Site } from "./harness/site.ts";
import { Tmux } from "./harness/tmux.ts";
import { type Running, SCREEN, SHELL, startTop, TOP, WIDE } from "./harness/top.ts";
import { waitFor } from "./harness/wait.ts";

/** A host with a tunnel to a remote one. */
async function createSite(): Promise<Site> {
  const site = await Site.create();
  try {
    await site.host.sh("sed -i 's/^\\[Peer\\]/& # 事務所 (office)/' /etc/wireguard/wg0.conf");
    await site.wgtsOk("up", "wg0");
    await site.waitForTunnel();
    return site;
  } catch (error) {
    await site[Symbol.asyncDispose]();
    throw error;
  }
}

/** Of the peer: characters of two columns each are in it. */
const NAME = "事務所 (office)";

/** The rate that a line of the table of peers tells, in bytes per second. */
function rateOf(line: string): number {
  const [, number = "", unit = ""] = /:51820 +([\d.]+) ([KMG]?i?B) /.exec(line) ?? [];
  return Number(number) * 1024 ** ["B", "KiB", "MiB", "GiB"].indexOf(unit);
}

Deno.test("top shows the traffic of a tunnel in a terminal, whatever its size", async () => {
  await using site = await createSite();
  const terminal = await Tmux.start(site.host, WIDE);
  const line = await terminal.line();
  await terminal.command(`echo before; ${TOP}`);
  await site.host.start(["ping", "-q", "-i", "0.05", "-s", "1000", INNER.remote[4]]);

  const text = await terminal.waitForText(/█/);
  assert.deepEqual(await terminal.modes(), SCREEN);
  assert.doesNotMatch(text, /before/);
  assert.match(
    text,
    /^1 interface, 1 peer, down .*\/s, up .*\/s +by rate, every 0.2 s, \? for help$/m,
  );
  assert.match(text, /^INTERFACE +PORT +PEERS +DOWN\/s +UP\/s +RECEIVED +SENT +STATE$/m);
  assert.match(text, /^wg0 +\d+ +1 .* up\b/m);
  const peer = text.split("\n").find((line) => line.startsWith(NAME)) ?? "";
  assert.match(peer, new RegExp(` ${NEAR_ENDPOINT} .* [▁-█]* .*(\\d+m )?\\d+s .* [KM]iB$`));
  // Answers of 1,000 bytes, 20 a second, with 60 bytes around each.
  await waitFor("the rate of that traffic", async () => {
    const text = await terminal.text();
    const rate = rateOf(text.split("\n").find((line) => line.startsWith(NAME)) ?? "");
    return rate > 10_000 && rate < 40_000;
  });

  for (
    const size of [{ columns: 50, rows: 9 }, { columns: 20, rows: 4 }, { columns: 160, rows: 40 }]
  ) {
    await terminal.resize(size);
    const expected = size.columns === 160
      ? /^PEER .* ENDPOINT .* HISTORY .* RECEIVED +SENT$/m
      : size.columns === 50
      ? /^PEER +DOWN\/s +UP\/s +HANDSHAKE$/m
      : /^INTERFACE  *DOWN\/s$/m;
    const lines = (await terminal.waitForText(expected)).trimEnd().split("\n");
    assert.ok(lines.length <= size.rows);
    assert.match(lines[0] ?? "", /^1 interface, 1 pee/);
  }

  await terminal.type("?");
  assert.match(await terminal.waitForText(/quit$/m), /s +sort/);
  await terminal.type("?s");
  await terminal.waitForText(/by name, every/);
  await terminal.type("q");
  await terminal.waitForText(/^before$/m);
  assert.deepEqual(await terminal.modes(), SHELL);
  assert.equal(await terminal.line(), line);
});

/** How `top` ends, besides by its key. */
const ENDS: Readonly<
  Record<string, readonly [end: (top: Running) => Promise<void>, code: number]>
> = {
  "Ctrl-C": [({ terminal }) => terminal.press("C-c"), 0],
  "SIGINT": [({ pid }) => kill(pid, "SIGINT"), 130],
  "SIGTERM": [({ pid }) => kill(pid, "SIGTERM"), 143],
  "SIGHUP": [({ pid }) => kill(pid, "SIGHUP"), 129],
  "SIGQUIT": [({ pid }) => kill(pid, "SIGQUIT"), 131],
  "an error": [
    // A file where the directory of the control sockets was is nothing that it expects.
    ({ site }) => site.host.sh("mv /run/wireguard /run/was; echo >/run/wireguard").then(() => {}),
    1,
  ],
};

function kill(pid: number, signal: Deno.Signal): Promise<void> {
  Deno.kill(pid, signal);
  return Promise.resolve();
}

Deno.test("top gives the terminal back however it ends", async () => {
  await using site = await createSite();
  for (const [what, [end, code]] of Object.entries(ENDS)) {
    const top = await startTop(site);
    const { terminal } = top;
    await end(top);
    await terminal.waitForText(new RegExp(`^code ${code}$`, "m"));
    assert.deepEqual(await terminal.modes(), SHELL, what);
    assert.match(await terminal.line(), / icanon .* echo /s, what);
    await terminal.kill();
  }
});

Deno.test("top shows engines that hang, die and come back, and answers to keys meanwhile", async () => {
  await using site = await createSite();
  const { terminal } = await startTop(site);
  const engine = await site.engine();
  Deno.kill(engine, "SIGSTOP");
  for (const order of ["name", "rate", "name"]) {
    await terminal.type("s");
    await terminal.waitForText(new RegExp(`by ${order}, every`));
  }
  await terminal.waitForText(/^wg0 +- .* no answer for \d+s/m);
  Deno.kill(engine, "SIGKILL");
  await terminal.waitForText(/^wg0 +- .* dead for \d+s: killed or cr/m);
  await site.wgtsOk("run", "wg1");
  await terminal.waitForText(/^2 interfaces, 0 peers[^]*^wg1 .* down$/m);
  await site.wgts("down", "wg0");
  await site.wgtsOk("up", "wg0");
  await terminal.waitForText(/^2 interfaces, 1 peer[^]*^wg0 .* up\b/m);
  await terminal.type("q");
  await terminal.waitForText(/^code 0$/m);
});

Deno.test("top has colours, unless NO_COLOR or WG_COLOR_MODE says otherwise", async () => {
  await using site = await createSite();
  const isColored = async (env: Record<string, string>) => {
    const { terminal } = await startTop(site, { env });
    // deno-lint-ignore no-control-regex -- foreground colours
    const isColored = /\x1b\[3\dm/.test(await terminal.coloredText());
    await terminal.kill();
    return isColored;
  };
  assert.equal(await isColored({}), true);
  assert.equal(await isColored({ NO_COLOR: "1" }), false);
  assert.equal(await isColored({ WG_COLOR_MODE: "never" }), false);
  assert.equal(await isColored({ WG_COLOR_MODE: "always", NO_COLOR: "1" }), true);
});
