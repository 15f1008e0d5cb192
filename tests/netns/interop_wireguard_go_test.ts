import { TESTED, WIREGUARD_GO, WIREGUARD_GO_CURRENT } from "./harness/implementation.ts";
import { testInterop } from "./harness/interop.ts";

testInterop(TESTED, WIREGUARD_GO);
testInterop(TESTED, WIREGUARD_GO_CURRENT);
