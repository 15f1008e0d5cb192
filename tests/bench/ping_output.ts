/** The milliseconds of each answer in the output of ping(8) without `-q`, in order. */
export function parsePing(output: string): number[] {
  return [...output.matchAll(/\btime=([\d.]+) ms/g)].map((match) => Number(match[1]));
}
