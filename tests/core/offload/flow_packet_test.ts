import assert from "node:assert/strict";
import { ANY_FLOW, FlowPacket } from "../../../core/offload/flow_packet.ts";
import { packet, setLengths } from "./packets.ts";

Deno.test("a packet that is cut within its headers is read to its end, and may be in any flow", () => {
  for (const version of [4, 6] as const) {
    for (const protocol of ["tcp", "udp"] as const) {
      const ipSize = version === 4 ? 20 : 40;
      const headers = ipSize + (protocol === "tcp" ? 20 : 8);
      const whole = packet({ version, protocol });
      for (let length = 0; length <= headers; length++) {
        const cut = whole.slice(0, length);
        // With lengths that say so: those of UDP would be behind its end.
        if (length >= ipSize) setLengths(cut, ipSize, "tcp");
        const parsed = new FlowPacket();
        // Whatever is read behind the end of the view throws a RangeError.
        parsed.parse(new DataView(cut.buffer), 0, length);
        const what = `${length} bytes of ${protocol} over IPv${version}`;
        assert.equal(parsed.kind === ANY_FLOW, length < headers, what);
        assert.equal(parsed.mergeable, false, what);
      }
    }
  }
});
