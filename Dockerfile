# Images: `b3scaled` (with b3scalectl in it; the default), `b3scaleagent`, and `simulated-node` for deploy/compose/.
# docs/docker.md says how to build and run them. Bases are pinned by version and digest: a build today and one next year
# start from the same bytes.

FROM --platform=$BUILDPLATFORM denoland/deno:2.9.6@sha256:2014dc167ece617ef7e7ba40631ac2234c59e75ce693e7cc2dc2602b3c87859d AS build
ARG BUILD_VERSION
ARG BUILD_COMMIT
ARG TARGETARCH
WORKDIR /build
COPY . .
# The folder of the processor's binaries is deploy/compile.ts's.
RUN --mount=type=cache,target=/deno-dir \
  case "$TARGETARCH" in \
    amd64) deno task compile x64 ;; \
    arm64) deno task compile arm64 && mv dist/arm64/* dist/ ;; \
    *) echo "there is no runtime for $TARGETARCH" >&2; exit 1 ;; \
  esac

FROM denoland/deno:2.9.6@sha256:2014dc167ece617ef7e7ba40631ac2234c59e75ce693e7cc2dc2602b3c87859d AS simulated-node
WORKDIR /demo
COPY --chmod=755 demo/bbb_node .
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --start-interval=1s CMD \
  ["deno", "eval", "--no-config", "const { ok } = await fetch(Deno.env.get('SIMULATED_NODE_URL') + '/bigbluebutton/api/'); Deno.exit(ok ? 0 : 1)"]
ENTRYPOINT ["deno", "run", "--no-config", "--no-remote", "--no-npm", "--allow-net", "--allow-env=SIMULATED_NODE_URL,SIMULATED_NODE_SECRET", "main.ts"]

# The binaries carry their own runtime and root certificates and need glibc, nothing else.
FROM debian:bookworm-20260824-slim@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171 AS runtime
ARG BUILD_VERSION
ARG BUILD_COMMIT
LABEL org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${BUILD_VERSION}" \
  org.opencontainers.image.revision="${BUILD_COMMIT}"
# For tokens of b3scalectl; whoever wants to keep them mounts something there.
ENV HOME=/tmp
# A number: Kubernetes' runAsNonRoot cannot judge a name.
USER 65532:65532
STOPSIGNAL SIGTERM

FROM runtime AS b3scaleagent
LABEL org.opencontainers.image.title="b3scaleagent" \
  org.opencontainers.image.description="Reports the events of a BigBlueButton node to b3scaled"
COPY --from=build /build/dist/b3scaleagent /usr/local/bin/
# It ends when it cannot do its work; there is nothing to ask it.
HEALTHCHECK NONE
ENTRYPOINT ["b3scaleagent"]

FROM runtime AS b3scaled
LABEL org.opencontainers.image.title="b3scaled" \
  org.opencontainers.image.description="Load balancer for BigBlueButton"
COPY --from=build /build/dist/b3scaled /build/dist/b3scalectl /usr/local/bin/
ENV B3SCALE_LISTEN_HTTP=0.0.0.0:42353
EXPOSE 42353
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --start-interval=2s CMD ["b3scaled", "--check"]
ENTRYPOINT ["b3scaled"]
