/**
 * systemd-resolved, by the system's message bus.
 *
 * @module
 */
import {
  flushCaches,
  NO_SUCH_LINK,
  RESOLVED,
  revertLink,
  setLinkDns,
} from "../../../core/dns/resolved.ts";
import type { DnsSettings } from "../../../core/dns/settings.ts";
import type { DbusCall } from "../../../core/dbus/message.ts";
import { SysError } from "../../../ffi/errno.ts";
import { Bus, DbusError } from "./bus.ts";

/** How long it may take to hear of a new interface, in milliseconds, and how often it is asked again. */
const LINK_MS = 3000;
const POLL_MS = 20;

/**
 * Whether systemd-resolved answers, and in this process's network namespace: the bus reaches into others
 * too, where the same interface index is another interface's. If that can't be told, it counts as no.
 */
export function resolvedServes(): boolean {
  try {
    using bus = Bus.open();
    const { dev, ino } = Deno.statSync(`/proc/${processOf(bus)}/ns/net`);
    const own = Deno.statSync("/proc/self/ns/net");
    return dev === own.dev && ino === own.ino;
  } catch (error) {
    const isAbsent = error instanceof SysError || error instanceof DbusError;
    const isHidden = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied;
    if (isAbsent || isHidden) return false;
    throw error;
  }
}

/** The process identifier of systemd-resolved, which is started when it doesn't run but should. */
function processOf(bus: Bus): number {
  const ask = onBus("GetConnectionUnixProcessID", "s", [RESOLVED]);
  let answer;
  try {
    answer = bus.call(ask);
  } catch (error) {
    if (!(error instanceof DbusError)) throw error;
    bus.call(onBus("StartServiceByName", "su", [RESOLVED, 0]));
    answer = bus.call(ask);
  }
  return Number(answer[0]);
}

/**
 * Gives `settings` to the link with index `link`, in place of any that it has.
 *
 * @param sleep waits for so many milliseconds
 * @throws DbusError when they are refused, SysError when nobody answers; then the link has none
 */
export async function setResolvedLink(
  link: number,
  settings: DnsSettings,
  sleep: (milliseconds: number) => Promise<void>,
): Promise<void> {
  using bus = Bus.open();
  const [first, ...more] = setLinkDns(link, settings);
  if (first === undefined) return;
  for (let waited = 0;; waited += POLL_MS) {
    try {
      bus.call(first);
      break;
    } catch (error) {
      const isTooEarly = error instanceof DbusError && error.code === NO_SUCH_LINK;
      if (!isTooEarly || waited >= LINK_MS) throw error;
      await sleep(POLL_MS);
    }
  }
  try {
    for (const call of more) bus.call(call);
  } catch (error) {
    tryCall(bus, revertLink(link));
    throw error;
  }
  tryCall(bus, flushCaches());
}

/**
 * Takes the settings of the link with index `link` back; none being there is fine.
 * @throws as {@linkcode setResolvedLink}
 */
export function revertResolvedLink(link: number): void {
  using bus = Bus.open();
  try {
    bus.call(revertLink(link));
  } catch (error) {
    if (!(error instanceof DbusError) || error.code !== NO_SUCH_LINK) throw error;
  }
  tryCall(bus, flushCaches());
}

/** Makes a call that may as well fail. */
function tryCall(bus: Bus, call: DbusCall): void {
  try {
    bus.call(call);
  } catch (error) {
    if (!(error instanceof DbusError)) throw error;
  }
}

/** A call of the bus itself. */
function onBus(member: string, signature: string, body: DbusCall["body"]): DbusCall {
  const name = "org.freedesktop.DBus";
  return {
    destination: name,
    path: "/org/freedesktop/DBus",
    interface: name,
    member,
    signature,
    body,
  };
}
