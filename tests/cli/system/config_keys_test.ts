/** Key files of configs: what is taken, and that no message tells what is in them. */
import assert from "node:assert/strict";
import { readConfig } from "../../../cli/system/config_file.ts";
import { keyFilePlaces, readConfigKey } from "../../../cli/system/config_keys.ts";
import { KeyFileError } from "../../../core/config/key_files.ts";

const KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
const BYTES = Uint8Array.fromBase64(KEY);

function inDirectory(body: (directory: string) => void): void {
  const directory = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "wgts-test-" }));
  try {
    body(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** What reading such a file gives: its key in hex, or what is said of it. */
function read(contents: string | Uint8Array): string {
  let outcome = "";
  inDirectory((directory) => {
    const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
    Deno.writeFileSync(`${directory}/key`, bytes);
    const places = { directory, credentials: null };
    try {
      outcome = readConfigKey({ name: "key", line: 1 }, places).key.toHex();
    } catch (error) {
      assert(error instanceof KeyFileError, String(error));
      outcome = error.message.replace(directory, "");
    }
  });
  return outcome;
}

Deno.test("a config's key file is read as wg reads key files", () => {
  for (const text of [KEY, `${KEY}\n`, `${KEY} \t\r\n\n`]) assert.equal(read(text), BYTES.toHex());
  assert.equal(read(""), "00".repeat(32));
  assert.equal(
    readConfigKey({ name: "/dev/null", line: 1 }, { directory: "/", credentials: null }).key
      .toHex(),
    "00".repeat(32),
  );
});

Deno.test("no message about a key file tells what is in it", () => {
  const cases: [string | Uint8Array, string][] = [
    ["\n", "shorter than a key"],
    [KEY.slice(0, 43), "shorter than a key"],
    [` ${KEY}`, "something follows the key"],
    [`${KEY}Q`, "something follows the key"],
    [`${KEY}\n#Q`, "something follows the key"],
    [KEY.replace("=", "Q"), "not a key as `wg genkey' prints it"],
    [new Uint8Array(44).fill(0xe9), "not a key as `wg genkey' prints it"],
  ];
  for (const [contents, problem] of cases) assert.equal(read(contents), `"/key": ${problem}`);
  assert.throws(
    () => readConfigKey({ name: "no/such", line: 1 }, { directory: "/etc", credentials: null }),
    { message: '"/etc/no/such": No such file or directory' },
  );
  assert.throws(
    () => readConfigKey({ name: "/etc", line: 1 }, { directory: "/etc", credentials: null }),
    { message: '"/etc": Is a directory' },
  );
});

Deno.test("a credential of systemd's comes before a file beside the config", () => {
  inDirectory((directory) => {
    Deno.mkdirSync(`${directory}/credentials`);
    Deno.writeTextFileSync(`${directory}/a`, "");
    Deno.writeTextFileSync(`${directory}/b`, `${KEY}\n`);
    Deno.writeTextFileSync(`${directory}/credentials/a`, `${KEY}\n`);
    const environment = (name: string) =>
      name === "CREDENTIALS_DIRECTORY" ? `${directory}/credentials` : undefined;
    const places = keyFilePlaces(`${directory}/wg0.conf`, environment);
    const hex = (name: string) => readConfigKey({ name, line: 1 }, places).key.toHex();
    assert.equal(hex("a"), BYTES.toHex());
    assert.equal(hex("./a"), "00".repeat(32));
    assert.equal(hex("b"), BYTES.toHex());
    assert.equal(keyFilePlaces("/wg0.conf", () => "").credentials, null);
  });
});

Deno.test("a config is read with the keys of its files, and a file open to all is told of", () => {
  inDirectory((directory) => {
    const path = `${directory}/wg0.conf`, warnings: string[] = [];
    const lines = () => warnings.map((line) => line.replaceAll(directory, ""));
    Deno.writeTextFileSync(path, "[Interface]\nPrivateKeyFile = own.key\n", { mode: 0o600 });
    assert.throws(() => readConfig(path, assert.fail), {
      message: `${path}:2: cannot use PrivateKeyFile: "${directory}/own.key": ` +
        "No such file or directory",
    });
    assert(readConfig(path, assert.fail, { withKeys: false }));
    Deno.writeTextFileSync(`${directory}/own.key`, `${KEY}\n`, { mode: 0o600 });
    assert.deepEqual(readConfig(path, assert.fail).config.interface.privateKey, BYTES);
    Deno.chmodSync(`${directory}/own.key`, 0o644);
    Deno.chmodSync(directory, 0o755);
    readConfig(path, (line) => warnings.push(line));
    assert.deepEqual(lines(), ['Warning: "/own.key" is world accessible']);
    Deno.writeTextFileSync(`${directory}/own.key`, "");
    Deno.chmodSync(`${directory}/own.key`, 0o600);
    warnings.length = 0;
    readConfig(path, (line) => warnings.push(line));
    assert.deepEqual(lines(), [
      'Warning: /wg0.conf:2: "/own.key" holds no key: no peer can be reached',
    ]);
  });
});
