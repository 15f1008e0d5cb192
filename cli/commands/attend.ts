import { Logger } from "../engine/log.ts";
import { syslogSink } from "../engine/syslog_sink.ts";
import { attend } from "../system/attend.ts";
import { Interruptions } from "../system/interruption.ts";

/**
 * `wgts attend`: runs the commands of a config for what happens to the peers of its tunnel. Not for use by
 * hand: `up` and `reload` start it. It ends with the tunnel's interface, or when `reload` finds no commands
 * any more and sends SIGUSR2.
 */
export async function main([name, index, configPath, since, ...others]: string[]): Promise<number> {
  const isComplete = name !== undefined && /^[1-9][0-9]*$/.test(index ?? "") &&
    configPath !== undefined && /^[0-9]+$/.test(since ?? "") && others.length === 0;
  if (!isComplete) throw new Error("the attendant is started by `wgts up', not by hand");
  // So that no file system is kept from being unmounted.
  Deno.chdir("/");
  using interruptions = new Interruptions();
  const retired = new AbortController();
  Deno.addSignalListener("SIGUSR2", () => retired.abort());
  const logger = new Logger("info", syslogSink(name));
  await attend({ name, index: Number(index), configPath, since: Number(since) }, {
    signal: interruptions.signal,
    retired: retired.signal,
    log: (line) => logger.error(line),
  });
  return 0;
}
