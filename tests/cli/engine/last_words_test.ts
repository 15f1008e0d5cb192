import assert from "node:assert/strict";
import { parseEngineRecord } from "../../../cli/engine/last_words.ts";

const BEGIN = `{"pid":7,"startTime":"123","startedAt":1700000000}\n`;
const END = `{"end":{"time":1700000001,"reason":"SIGTERM"}}\n`;
const RUNNING = { pid: 7, startTime: "123", startedAt: 1_700_000_000, end: null };

Deno.test("an engine's record tells that it runs, then why it ended", () => {
  assert.deepEqual(parseEngineRecord(BEGIN), RUNNING);
  assert.deepEqual(parseEngineRecord(BEGIN + END), {
    ...RUNNING,
    end: { time: 1_700_000_001, reason: "SIGTERM" },
  });
});

Deno.test("an engine's record that was cut off says as much as there is", () => {
  for (let length = 0; length < BEGIN.length; length++) {
    assert.equal(parseEngineRecord(BEGIN.slice(0, length)), null);
  }
  for (let length = 0; length < END.length; length++) {
    assert.deepEqual(parseEngineRecord(BEGIN + END.slice(0, length)), RUNNING);
  }
});

Deno.test("what isn't an engine's record is none", () => {
  for (
    const text of [
      "\n",
      "null\n",
      "x\n",
      "[]\n",
      `{"pid":"7","startTime":"123","startedAt":1}\n`,
      `{"pid":7,"startTime":123,"startedAt":1}\n`,
      `${BEGIN}garbage\n`,
    ]
  ) {
    assert.equal(parseEngineRecord(text), null, text);
  }
  for (const end of ["1", "null", "{}", `{"time":"1","reason":"x"}`, `{"time":1}`]) {
    assert.deepEqual(parseEngineRecord(`${BEGIN}{"end":${end}}\n`), RUNNING, end);
  }
});
