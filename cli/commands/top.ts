import { TopModel } from "../../core/top/model.ts";
import { plainLines, type TopContext } from "../../core/top/screen.ts";
import { TopView } from "../../core/top/view.ts";
import { writeStdout } from "../output.ts";
import { Interruptions } from "../system/interruption.ts";
import { Interruption } from "../system/session.ts";
import { terminalCharset, terminalStyle } from "../terminal_look.ts";
import { showLive } from "../top/live.ts";
import { parseTopOptions } from "../top/options.ts";
import { Sampler } from "../top/sampler.ts";

/** `wgts top`: a live view of interfaces and their peers; printed again and again where that can't be. */
export async function main(args: string[]): Promise<number> {
  const { names, interval, once } = parseTopOptions(args);
  const charset = terminalCharset(), style = terminalStyle();
  const contextAt = (time: number): TopContext => ({
    style,
    charset,
    time,
    wall: Date.now(),
    interval: `${interval} s`,
  });
  using interruptions = new Interruptions(["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"]);
  using sampler = new Sampler(names);
  const { signal } = interruptions;
  const intervalMs = interval * 1000;
  if (!once && isScreen()) return await showLive(sampler, intervalMs, contextAt, signal);
  try {
    return await print(sampler, { intervalMs, once }, contextAt, signal);
  } catch (error) {
    if (error instanceof Interruption) return error.code;
    throw error;
  }
}

/** Prints all interfaces, once or until it is interrupted, the first time after one interval. */
async function print(
  sampler: Sampler,
  { intervalMs, once }: { intervalMs: number; once: boolean },
  contextAt: (time: number) => TopContext,
  signal: AbortSignal,
): Promise<number> {
  const model = new TopModel(), view = new TopView();
  const take = async () => {
    const { samples, time } = await unlessAborted(sampler.sample(), signal);
    model.update(samples, time);
    return time;
  };
  await take();
  for (let separator = "";; separator = "\n") {
    await unlessAborted(new Promise((resolve) => setTimeout(resolve, intervalMs)), signal);
    const time = await take();
    const moment = new Date().toISOString().replace(/\.\d+/, "");
    const lines = plainLines(model, view, moment, contextAt(time));
    writeStdout(`${separator}${lines.join("\n")}\n`);
    if (once) return model.interfaces.some(({ problem }) => problem !== null) ? 1 : 0;
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Whether stdout is a terminal whose cursor can be placed. */
function isScreen(): boolean {
  const terminal = Deno.env.get("TERM") ?? "";
  return Deno.stdout.isTerminal() && terminal !== "" && terminal !== "dumb";
}
