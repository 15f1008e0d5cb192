/** More than the first processor's entry takes. */
const ENTRY_SIZE = 8192;

/**
 * The processor's features that may be used, by the kernel's names for them: the "flags" of
 * /proc/cpuinfo. Empty when there are none to read.
 *
 * The kernel leaves out what the processor has but the system doesn't support or has disabled, be it
 * that registers aren't saved (XCR0), a boot parameter, or a mitigation. The CPUID instruction tells
 * none of the latter.
 */
export function cpuFlags(): ReadonlySet<string> {
  const entry = new Uint8Array(ENTRY_SIZE);
  try {
    using file = Deno.openSync("/proc/cpuinfo");
    file.readSync(entry);
  } catch {
    return new Set();
  }
  const flags = /^flags\s*: (.*)$/m.exec(new TextDecoder().decode(entry))?.[1] ?? "";
  return new Set(flags.split(" "));
}
