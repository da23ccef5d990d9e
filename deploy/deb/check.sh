#!/usr/bin/env bash
# deploy/deb/check.sh DB_URL: installs, runs, upgrades, removes and purges the packages of dist/ on this machine with dpkg.
# For machines that may be changed: as root, where b3scale is not installed, with a PostgreSQL that b3scaled may migrate.
set -euo pipefail
cd "$(dirname "$0")/../.."
db=${1:?usage: deploy/deb/check.sh postgres://…}
[ "$(id -u)" = 0 ] || { echo "only root can install packages" >&2; exit 1; }
for name in b3scale b3scale-agent; do
  if dpkg -s "$name" >/dev/null 2>&1; then echo "$name is installed or was not purged: not touched" >&2; exit 1; fi
done
arch=$(dpkg --print-architecture)
server=$(ls -t dist/b3scale_*_"$arch".deb | head -1) agent=$(ls -t dist/b3scale-agent_*_"$arch".deb | head -1)
work=$(mktemp -d); chmod 755 "$work"; pid=
finish() {
  code=$?
  [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
  dpkg -P b3scale b3scale-agent >/dev/null 2>&1 || true
  rm -rf "$work"
  [ "$code" = 0 ] || echo "FAILED: $what" >&2
}
trap finish EXIT
what=start
check() { what=$1; shift; "$@" || return 1; echo "ok: $what"; }
fails() { ! "$@" >/dev/null 2>&1; }
same() { [ "$1" = "$2" ] || { echo "\"$1\" is not \"$2\"" >&2; return 1; }; }

check "both install" dpkg -i "$server" "$agent"
check "the settings are for root and the service only" same "$(stat -c %a:%U:%G /etc/default/b3scale)" 640:root:b3scale
check "so are the agent's" same "$(stat -c %a:%U:%G /etc/default/b3scaleagent)" 640:root:b3scaleagent
check "the server's folder is its own" same "$(stat -c %a:%U:%G /var/lib/b3scale)" 750:b3scale:b3scale
version=$(dpkg-query -W -f '${Version}' b3scale)
check "b3scaled is that version" same "$(/usr/bin/b3scaled --version | sed s/-/~/)" "$version"
check "b3scalectl runs" /usr/bin/b3scalectl --version
check "b3scaleagent runs" /usr/bin/b3scaleagent --version
check "nothing was started" fails pgrep -f '^/usr/bin/b3scale'
check "an unconfigured server says what is missing" \
  grep -q 'missing environment variables: B3SCALE_API_URL' <(cd / && env -i /usr/bin/b3scaled 2>&1 || true)
for manual in b3scaled.8 b3scalectl.1 b3scaleagent.8; do
  check "man $manual" fails grep -q . <(MANROFFSEQ='' LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z \
    "/usr/share/man/man${manual##*.}/$manual.gz" 2>&1 >/dev/null)
done
check "bash completes b3scalectl" bash -c \
  '. /usr/share/bash-completion/completions/b3scalectl && complete -p b3scalectl >/dev/null'
if command -v systemd-analyze >/dev/null; then
  for unit in b3scaled.service b3scaled@42353.service b3scaled.target b3scaleagent.service; do
    check "systemd-analyze verify $unit" systemd-analyze verify "$unit"
  done
fi

# As the unit starts it, as its user.
printf '%s\n' "B3SCALE_DB_URL=$db" B3SCALE_API_URL=http://127.0.0.1:42398 B3SCALE_LISTEN_HTTP=127.0.0.1:42398 \
  "B3SCALE_API_JWT_SECRET=$(head -c 32 /dev/urandom | base64)" B3SCALE_DRAIN_SECONDS=0 >> /etc/default/b3scale
start() {
  (set -a && . /etc/default/b3scale && cd /var/lib/b3scale && exec setpriv --reuid b3scale --regid b3scale --init-groups \
    --no-new-privs /usr/bin/b3scaled) 2>"$work/log" & pid=$!
  for _ in $(seq 100); do (set -a && . /etc/default/b3scale && /usr/bin/b3scaled --check-ready) 2>/dev/null && return; sleep 0.1; done
  cat "$work/log" >&2; return 1
}
stop() { kill -TERM "$pid" && wait "$pid"; pid=; }
check "it becomes ready" start
check "b3scalectl reads its settings and sees it" env HOME="$work" bash -c \
  'set -a; . /etc/default/b3scale; (b3scalectl auth authorize --secret "$B3SCALE_API_JWT_SECRET" && b3scalectl status) >/dev/null'
check "SIGTERM ends it with exit code 0" stop

# The next version, unpacked and packed again.
dpkg-deb -R "$server" "$work/next" && sed -i "s/^Version: .*/Version: $version+next/" "$work/next/DEBIAN/control"
dpkg-deb --root-owner-group -Znone -b "$work/next" "$work/next.deb" >/dev/null
sum=$(sha256sum </etc/default/b3scale)
check "the next version installs over it" dpkg -i "$work/next.deb"
check "it is the next version" same "$(dpkg-query -W -f '${Version}' b3scale)" "$version+next"
check "the settings are kept" same "$(sha256sum </etc/default/b3scale)" "$sum"
check "with owner and mode" same "$(stat -c %a:%U:%G /etc/default/b3scale)" 640:root:b3scale
check "it becomes ready after the upgrade" start
check "and stops" stop
check "the older version installs over it" dpkg -i --force-downgrade "$server"

check "both are removed" dpkg -r b3scale b3scale-agent
check "the programs are gone" fails ls /usr/bin/b3scaled /usr/bin/b3scalectl /usr/bin/b3scaleagent
check "the settings stay" same "$(sha256sum </etc/default/b3scale)" "$sum"
check "they install again" dpkg -i "$server" "$agent"
check "with the settings that were" same "$(sha256sum </etc/default/b3scale)" "$sum"
touch /etc/default/b3scale-42353
check "both are purged" dpkg -P b3scale b3scale-agent
left=$(find /etc /usr /var/lib -path /var/lib/dpkg -prune -o \( -name 'b3scale*' -o -name '_b3scalectl' \) -print 2>/dev/null)
check "nothing is left" same "$left" ""
echo "all checks passed: $server, $agent"
