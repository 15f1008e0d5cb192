/** A directory of scripts that come before all programs of their names. */
export class FakePrograms implements Disposable {
  readonly directory = Deno.makeTempDirSync();
  readonly #path = Deno.env.get("PATH") ?? "";

  /** @param scripts for /bin/sh, by the programs' names; they begin in the directory */
  constructor(scripts: Readonly<Record<string, string>>) {
    for (const [name, script] of Object.entries(scripts)) {
      const text = `#!/bin/sh\ncd ${this.directory}\n${script}\n`;
      Deno.writeTextFileSync(`${this.directory}/${name}`, text, { mode: 0o755 });
    }
    Deno.env.set("PATH", `${this.directory}:${this.#path}`);
  }

  /** What the scripts wrote to the file `name`; "" when there is none. */
  read(name: string): string {
    try {
      return Deno.readTextFileSync(`${this.directory}/${name}`);
    } catch {
      return "";
    }
  }

  [Symbol.dispose](): void {
    Deno.env.set("PATH", this.#path);
    Deno.removeSync(this.directory, { recursive: true });
  }
}
