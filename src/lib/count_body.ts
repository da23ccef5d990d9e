// How many bytes an answer has: as it says, or counted while it is sent. Used by the access log.
import { SizedResponse } from "./sized_response.ts";

/**
 * @param done called once: at once for an answer that says its length, else when its body has ended, has failed, or when
 * nobody wants it any more
 * @returns the answer to send
 */
export function countBody(method: string, response: Response, done: (bytes: number) => void): Response {
  const known = method === "HEAD" ? 0 : knownSize(response);
  if (known === undefined && response.body !== null) return new Response(countStream(response.body, done), response);
  done(known ?? 0);
  return response;
}

function knownSize(response: Response): number | undefined {
  if (response instanceof SizedResponse) return response.sizeBytes;
  const said = response.headers.get("content-length");
  return said === null ? undefined : Number(said);
}

/** Part by part, as whoever sends it asks for them: nothing is held. */
function countStream(body: ReadableStream<Uint8Array>, done: (bytes: number) => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let bytes = 0;
  let isDone = false;
  const finish = () => {
    if (!isDone) done(bytes);
    isDone = true;
  };
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      try {
        const part = await reader.read();
        if (isDone) return; // nobody waits for it any more
        if (part.done) {
          finish();
          return controller.close();
        }
        bytes += part.value.length;
        controller.enqueue(part.value);
      } catch (error) {
        finish();
        throw error; // the sender learns of it
      }
    },
    cancel: async (reason) => {
      finish();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
