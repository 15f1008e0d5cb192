import assert from "node:assert/strict";
import type { HandshakeCrypto } from "../../../core/crypto/crypto.ts";
import { LocalIdentity } from "../../../core/noise/context.ts";
import { sequence } from "../crypto/bytes.ts";
import { at, boundMethods, noble, pair, present, SOURCE, tampered } from "./host.ts";

const PSK = sequence(32);

Deno.test("the shared secret of the static keys is computed once per peer and private key", () => {
  let products = 0;
  const counting = {
    ...boundMethods(noble),
    x25519(out: Uint8Array, privateKey: Uint8Array, publicKey: Uint8Array) {
      products++;
      return noble.x25519(out, privateKey, publicKey);
    },
  };
  const { initiator, toResponder } = pair(null, counting);
  toResponder.initiate(1, at(0));
  assert.equal(products, 2);
  toResponder.initiate(1, at(5000));
  assert.equal(products, 3);
  initiator.context.identity = new LocalIdentity(noble, sequence(32));
  toResponder.initiate(1, at(9999));
  assert.equal(products, 5);
});

/** Runs `scenario` and returns the secret bytes that it made: all that have a buffer of their own. */
function secretsOf(scenario: () => void): Uint8Array[] {
  const PlainBuffer = globalThis.ArrayBuffer;
  const buffers: ArrayBuffer[] = [];
  globalThis.ArrayBuffer = class extends PlainBuffer {
    constructor(size: number) {
      super(size);
      buffers.push(this);
    }
  } as typeof ArrayBuffer;
  try {
    scenario();
  } finally {
    globalThis.ArrayBuffer = PlainBuffer;
  }
  return buffers.map((buffer) => new Uint8Array(buffer));
}

/** Ways for handshakes to end, each before the devices' and peers' own secrets are erased. */
const ENDS: Record<string, (hosts: ReturnType<typeof pair>) => void> = {
  "after an initiation": ({ toResponder }) => {
    toResponder.initiate(1, at(0));
  },
  "after a refused initiation": ({ responder, toResponder }) => {
    const initiation = toResponder.initiate(1, at(0));
    toResponder.handshake.clear();
    assert.equal(responder.consume(tampered(initiation, 90), at(0)), null);
  },
  "after an initiation that wasn't answered": ({ responder, toResponder }) => {
    const initiation = toResponder.initiate(1, at(0));
    present(responder.receive(initiation, at(0)), "initiation").wipe();
  },
  "after a response": ({ responder, toResponder }) => {
    present(responder.respond(toResponder.initiate(1, at(0)), 2, at(0)), "response").keys.wipe();
  },
  "after a refused response": ({ responder, toResponder }) => {
    const initiation = toResponder.initiate(1, at(0));
    const { response, keys } = present(responder.respond(initiation, 2, at(0)), "response");
    keys.wipe();
    assert.ok(!toResponder.handshake.consumeResponse(tampered(response, 50), keys));
  },
  "after a session": ({ responder, toResponder }) => {
    const initiation = toResponder.initiate(1, at(0));
    const { response, keys } = present(responder.respond(initiation, 2, at(0)), "response");
    keys.wipe();
    present(toResponder.complete(response), "session").wipe();
  },
  "after a cookie reply was made": ({ responder, toResponder }) => {
    responder.checker.createReply(new Uint8Array(64), toResponder.initiate(1, at(0)), SOURCE, 0);
  },
  "after a cookie was used": ({ responder, toResponder }) => {
    const reply = new Uint8Array(64);
    responder.checker.createReply(reply, toResponder.initiate(1, at(0)), SOURCE, 0);
    assert.ok(toResponder.cookies.consumeReply(reply, 0));
    assert.ok(responder.checker.checkMac2(toResponder.initiate(2, at(1)), SOURCE, 1));
  },
};

for (const [end, run] of Object.entries(ENDS)) {
  Deno.test(`every secret is overwritten ${end}`, () => {
    const secrets = secretsOf(() => {
      const hosts = pair(PSK);
      run(hosts);
      for (const { handshake, cookies } of [hosts.toResponder, hosts.toInitiator]) {
        handshake.wipe();
        cookies.wipe();
      }
      for (const { identity, checker } of [hosts.initiator, hosts.responder]) {
        identity.wipe();
        checker.wipe();
      }
    });
    assert.ok(secrets.length > 10, `saw only ${secrets.length}`);
    for (const [i, secret] of secrets.entries()) {
      assert.ok(
        secret.every((byte) => byte === 0),
        `secret ${i} of ${secret.length} bytes is left`,
      );
    }
  });
}

Deno.test("ephemeral keys are overwritten as soon as they have served", () => {
  const identities = new Set<Uint8Array>();
  const ephemerals: Uint8Array[] = [];
  const spying: HandshakeCrypto = {
    ...boundMethods(noble),
    x25519(out, privateKey, publicKey) {
      const known = ephemerals.some((key) =>
        key.buffer === privateKey.buffer && key.byteOffset === privateKey.byteOffset
      );
      if (!known && !identities.has(privateKey)) ephemerals.push(privateKey);
      return noble.x25519(out, privateKey, publicKey);
    },
  };
  const { initiator, responder, toResponder } = pair(PSK, spying);
  identities.add(initiator.identity.privateKey).add(responder.identity.privateKey);
  const left = () => ephemerals.filter((key) => key.some((byte) => byte !== 0)).length;
  const initiation = toResponder.initiate(1, at(0));
  assert.equal(left(), 1, "the initiator's, until the response comes");
  const { response } = present(responder.respond(initiation, 2, at(0)), "response");
  assert.equal(ephemerals.length, 2);
  assert.equal(left(), 1, "the responder's is gone");
  assert.ok(toResponder.complete(response));
  assert.equal(left(), 0);
  toResponder.initiate(3, at(5000));
  assert.equal(left(), 1);
  toResponder.handshake.clear();
  assert.equal(left(), 0);
});
