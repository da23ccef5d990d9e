#!/bin/sh
# Checks the files in this folder with the programs they are written for, and says of each check how it went.
#
#   deploy/check.sh              a missing program is an error
#   deploy/check.sh --optional   what cannot be checked is left out
#
# Needs the Debian packages prometheus (promtool), systemd (systemd-analyze) and shellcheck. Ends with 0 when all is well,
# 1 when something is wrong or missing, 2 when it was called wrongly. Starts nothing and changes nothing.
set -u
cd "$(dirname "$0")" || exit 1

optional=false
case "${1:-}" in
  "") ;;
  --optional) optional=true ;;
  *) echo "usage: deploy/check.sh [--optional]" >&2; exit 2 ;;
esac

failed=0
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

# has PROGRAM PACKAGE WHAT
has() {
  command -v "$1" >/dev/null 2>&1 && return 0
  echo "not checked: $3: install Debian's $2 for $1"
  $optional || failed=1
  return 1
}

# check WHAT COMMAND...: shows what the command says only when it fails
check() {
  what=$1
  shift
  if "$@" >"$scratch/output" 2>&1; then
    echo "ok: $what"
  else
    echo "FAILED: $what"
    cat "$scratch/output"
    failed=1
  fi
}

# The same for a program that complains and ends with 0.
silent() {
  says=$("$@" 2>&1) && [ -z "$says" ] && return 0
  echo "$says"
  return 1
}

# Units are loaded from a folder of their own that has the system's, and a stand-in for each program they start: what
# is wrong with a unit is seen without anything being installed.
verify_units() {
  root=$scratch/root
  mkdir -p "$root/usr/lib/systemd/system"
  cp -R /usr/lib/systemd/system/. "$root/usr/lib/systemd/system/"
  cp -R systemd/. "$root/usr/lib/systemd/system/"
  sed -n 's/^Exec[A-Za-z]*=[-@:+!|]*\(\/[^ ]*\).*/\1/p' systemd/*.service | sort -u | while read -r program; do
    mkdir -p "$root$(dirname "$program")"
    printf '#!/bin/sh\n' >"$root$program"
    chmod +x "$root$program"
  done
  # A template is verified as an instance.
  names=$(for unit in systemd/*.service systemd/*.socket systemd/*.timer systemd/*.target systemd/*.path; do
    [ ! -e "$unit" ] || basename "$unit" | sed 's/@\./@1./'
  done)
  # shellcheck disable=SC2086
  silent systemd-analyze verify --man=no --root="$root" $names
}

if has promtool prometheus "rules, their tests, configuration of Prometheus"; then
  check "promtool check rules" promtool check rules prometheus/rules/*.yml
  check "promtool test rules" promtool test rules prometheus/tests/*.yml
  check "promtool check config" promtool check config prometheus/prometheus.yml
fi
if [ ! -d systemd ]; then
  echo "FAILED: systemd-analyze verify: there is no folder deploy/systemd"
  failed=1
elif has systemd-analyze systemd "units of systemd"; then
  check "systemd-analyze verify" verify_units
fi
if has shellcheck shellcheck "shell scripts"; then
  # Maintainer scripts of the package have names without an end: they are known by their first line.
  find . -type f -exec grep -lE '^#!/(usr/)?bin/(env )?(ba|da)?sh' {} + >"$scratch/scripts"
  while read -r script; do
    check "shellcheck ${script#./}" shellcheck --severity=warning "$script"
  done <"$scratch/scripts"
fi
exit $failed
