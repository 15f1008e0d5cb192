/** The numbers of the signals that this process ignores (proc(5)). */
export function ignoredSignals(): ReadonlySet<number> {
  const status = Deno.readTextFileSync("/proc/self/status");
  const bits = BigInt(`0x${/^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  const signals = new Set<number>();
  for (let signal = 1; bits >> BigInt(signal - 1) > 0n; signal++) {
    if ((bits >> BigInt(signal - 1) & 1n) === 1n) signals.add(signal);
  }
  return signals;
}
