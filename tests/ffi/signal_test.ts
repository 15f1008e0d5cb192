import "./bind_libc.ts";
import assert from "node:assert/strict";
import { SIGACTION, SIGUSR2 } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { ignoreSignal, withDefaultActions } from "../../ffi/signal.ts";

/** What this process does about SIGUSR2, as struct sigaction. */
function action(): Uint8Array {
  const action = new Uint8Array(SIGACTION.SIZE);
  assert.equal(libc.sigaction(SIGUSR2, null, action), 0);
  return action;
}

function handler(): bigint {
  return new DataView(action().buffer).getBigUint64(SIGACTION.HANDLER, true);
}

Deno.test("a handled signal has its default action for a while, an ignored one stays ignored", () => {
  const byDefault = new Uint8Array(action()) as Uint8Array<ArrayBuffer>;
  assert.equal(handler(), 0n);
  const listener = () => {};
  Deno.addSignalListener("SIGUSR2", listener);
  try {
    const handled = action();
    assert(handler() > 1n);
    withDefaultActions([SIGUSR2], () => assert.equal(handler(), 0n));
    assert.deepEqual(action(), handled);
    const failing = () =>
      withDefaultActions([SIGUSR2], () => {
        throw new Error("failed");
      });
    assert.throws(failing, /failed/);
    assert.deepEqual(action(), handled);
    ignoreSignal(SIGUSR2);
    withDefaultActions([SIGUSR2], () => assert.equal(handler(), 1n));
    assert.equal(handler(), 1n);
  } finally {
    Deno.removeSignalListener("SIGUSR2", listener);
    libc.sigaction(SIGUSR2, byDefault, null);
  }
});
