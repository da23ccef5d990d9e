// A network between two programs that can die silently: bytes are swallowed, nobody is told, as when a firewall forgets
// its connections.
import { eventually } from "./wait.ts";

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections that are open, frozen ones included. */
  readonly open: number;
  /** Nothing passes on the present connections; with `fresh` on those that come either. */
  freeze(options?: { fresh: boolean }): void;
  /** What was held back arrives. */
  thaw(): void;
}

/** Resolves when it may go on. */
type Gate = { passed: Promise<void>; open: () => void };

const closedGate = (): Gate => {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
};

/** @param target a port on loopback */
export function startTcpProxy(target: number): TcpProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const links = new Set<{ gate: Gate | undefined; close(): void }>();
  let freshGate: Gate | undefined;
  let isEnding = false;

  async function connect(client: Deno.TcpConn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: target });
    const close = () => {
      links.delete(link);
      for (const end of [client, server]) closeQuietly(end);
    };
    const link: { gate: Gate | undefined; close(): void } = { gate: freshGate, close };
    links.add(link);
    const pass = async (from: Deno.TcpConn, to: Deno.TcpConn) => {
      const buffer = new Uint8Array(64 * 1024);
      while (true) {
        const length = await from.read(buffer);
        await link.gate?.passed; // an end is no more told than anything else
        if (length === null) return;
        for (let sent = 0; sent < length;) sent += await to.write(buffer.subarray(sent, length));
      }
    };
    await Promise.race([pass(client, server), pass(server, client)].map((one) => one.catch(() => {}))).finally(close);
  }

  const accepting = (async () => {
    for await (const client of listener) void connect(client).catch(() => closeQuietly(client));
  })();

  const thaw = () => {
    freshGate?.open();
    freshGate = undefined;
    for (const link of links) {
      link.gate?.open();
      link.gate = undefined;
    }
  };
  return {
    port: listener.addr.port,
    get open() {
      return links.size;
    },
    freeze: ({ fresh } = { fresh: false }) => {
      if (fresh) freshGate ??= closedGate();
      for (const link of links) link.gate ??= closedGate();
    },
    thaw,
    async [Symbol.asyncDispose]() {
      if (isEnding) return;
      isEnding = true;
      listener.close();
      await accepting;
      for (const link of links) link.close();
      thaw();
      await eventually("all connections are closed", () => links.size === 0);
    },
  };
}

/** The same database through a proxy. */
export function throughPort(url: string, port: number, parameters: Readonly<Record<string, string>> = {}): string {
  const through = new URL(url);
  through.port = String(port);
  for (const [name, value] of Object.entries(parameters)) through.searchParams.set(name, value);
  return through.href;
}

function closeQuietly(end: Deno.TcpConn): void {
  try {
    end.close();
  } catch { // it is closed
  }
}
