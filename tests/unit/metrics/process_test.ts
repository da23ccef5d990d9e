import assert from "node:assert/strict";
import { createProcessCollectors, type ProcFiles } from "../../../src/metrics/process.ts";

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units     
Max open files            20000                 524288               files     
Max address space         unlimited            unlimited            bytes     
`;
const NETSTAT = `TcpExt: SyncookiesSent InOctets
TcpExt: 1 2
IpExt: InNoRoutes InTruncatedPkts InOctets OutOctets
IpExt: 0 0 53120132184 51896639464
`;
const FILES: Readonly<Record<string, string>> = {
  "/proc/self/limits": LIMITS,
  "/proc/self/status": "Name:\tdeno\nVmPeak:\t50708312 kB\nVmSize:\t   18164 kB\n",
  "/proc/self/net/netstat": NETSTAT,
};
const files: ProcFiles = { readText: (path) => FILES[path] ?? assert.fail(path), countEntries: () => 22 };
const noFiles: ProcFiles = {
  readText: () => assert.fail("not capable"),
  countEntries: () => assert.fail("not capable"),
};

async function valuesOf(collectors: ReturnType<typeof createProcessCollectors>): Promise<Record<string, number>> {
  const values: Record<string, number> = {};
  for (const { name, type, samples } of collectors.flatMap((begin) => begin())) {
    assert.equal(type, name.endsWith("_total") ? "counter" : "gauge");
    for (const [labels, value] of await samples()) {
      assert.equal(labels, "");
      values[name] = value;
    }
  }
  return values;
}

Deno.test("createProcessCollectors() reads what stands in /proc", async () => {
  const values = await valuesOf(createProcessCollectors({ nowMs: 1_800_000_000_000, files }));
  const { process_cpu_seconds_total: cpu = 0, process_resident_memory_bytes: memory = 0, ...others } = values;
  const { process_start_time_seconds: start = 0, ...read } = others;
  assert(cpu > 0 && cpu < 3600, `${cpu} s`);
  assert(memory > 1e6 && memory < 1e11, `${memory} bytes`);
  assert(start < 1_800_000_000 && start > 1_800_000_000 - 3600, `since ${start}`);
  assert.deepEqual(read, {
    process_open_fds: 22,
    process_max_fds: 20_000,
    process_virtual_memory_bytes: 18_164 * 1024,
    process_virtual_memory_max_bytes: 2 ** 64,
    process_network_receive_bytes_total: 53_120_132_184,
    process_network_transmit_bytes_total: 51_896_639_464,
  });
});

Deno.test("createProcessCollectors() goes without /proc where it may not be read", async () => {
  assert.deepEqual(Object.keys(await valuesOf(createProcessCollectors({ nowMs: 0, files: noFiles }))), [
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
  ]);
});
