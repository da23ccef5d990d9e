// The four families of HTTP requests, as 1.x has them; they share their labels.
import type { Registry } from "prom-client";
import { codeLabel, createHostLabel, methodLabel, OTHER, urlLabel } from "./labels.ts";
import { createCounters, createHistograms, type Tally } from "./tallies.ts";
import type { HttpObservation, Recorder } from "./types.ts";

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const BYTES = [1024, 2048, 5120, 10240, 102400, 512000, 1048576, 2621440, 5242880, 10485760];

/** A busy server has less than half of that; who tries out methods, codes and routes gets no more. */
const MOST_SERIES = 400;

interface Series {
  readonly code: string;
  readonly host: string;
  readonly method: string;
  readonly requests: Tally;
  readonly seconds: Tally;
  readonly received: Tally;
  readonly sent: Tally;
}

/** @param hosts what this server is called by in a Host header, ports included */
export function createHttpRequests(registry: Registry, hosts: readonly string[]): Recorder["httpRequest"] {
  const requests = createCounters({ registry, name: "http_requests_total", help: "HTTP requests" });
  const seconds = createHistograms({
    registry,
    name: "http_request_duration_seconds",
    help: "How long HTTP requests took",
    buckets: SECONDS,
  });
  const received = createHistograms({
    registry,
    name: "http_request_size_bytes",
    help: "Sizes of the bodies of HTTP requests",
    buckets: BYTES,
  });
  const sent = createHistograms({
    registry,
    name: "http_response_size_bytes",
    help: "Sizes of the bodies of HTTP answers",
    buckets: BYTES,
  });
  const hostLabel = createHostLabel(hosts);
  const byUrl = new Map<string, Series[]>();
  let made = 0;

  const makeSeries = (labels: Pick<Series, "code" | "host" | "method"> & { url: string }): Series => ({
    ...labels,
    requests: requests.of(labels),
    seconds: seconds.of(labels),
    received: received.of(labels),
    sent: sent.of(labels),
  });

  /** By comparing, which costs less than to make a text and look it up: a route has few. */
  function seriesOf(observed: HttpObservation): Series {
    const code = codeLabel(observed.status);
    const host = hostLabel(observed.host);
    const method = methodLabel(observed.method);
    const url = urlLabel(observed.target);
    const known = byUrl.get(url) ?? [];
    for (const one of known) if (one.code === code && one.host === host && one.method === method) return one;
    if (made === MOST_SERIES) return makeSeries({ code, host: OTHER, method: OTHER, url: OTHER });
    made++;
    const series = makeSeries({ code, host, method, url });
    byUrl.set(url, [...known, series]);
    return series;
  }

  return (observed) => {
    const series = seriesOf(observed);
    series.requests.add(1);
    series.seconds.add(observed.seconds);
    series.received.add(observed.requestBytes);
    series.sent.add(observed.responseBytes);
  };
}
