// What a gateway middleware does to a request, and to the answer on its way back.
import { type BbbResponse, success } from "../../src/bbb/response.ts";
import type { GatewayMiddleware, GatewayRequest } from "../../src/gateway/types.ts";

/** @returns the request as the next in the chain sees it. @throws when the middleware answers on its own */
export async function passDown(middleware: GatewayMiddleware, request: GatewayRequest): Promise<GatewayRequest> {
  let seen: GatewayRequest | undefined;
  await middleware(request, (next) => {
    seen = next;
    return Promise.resolve(success());
  });
  if (seen === undefined) throw new Error("the middleware did not pass the request on");
  return seen;
}

/** @returns the answer as the previous in the chain sees it */
export const passUp = (
  middleware: GatewayMiddleware,
  request: GatewayRequest,
  response: BbbResponse,
): Promise<BbbResponse> => middleware(request, () => Promise.resolve(response));
