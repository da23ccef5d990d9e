#!/usr/bin/env bash
# denort.sh ENTRY OUT [options of deno compile…]: one program of b3scale as one binary. Called by deploy/compile.ts.
#
# 1. The normal way: deno downloads the runtime of its own version, and the result is a release.
# 2. Where Deno's own host cannot be reached: the program is bundled with the project's deno, and the one JavaScript file
#    is compiled with the newest deno whose runtime is found in a package registry (PyPI bids-validator-deno 3.0.0a3 =
#    Deno 2.7.14, x86-64 only; needs python3 with pip, npm, and both registries). Good for tests: not a release.
#
# DENO            the project's deno
# DENORT_CONFIG   a deno.json in place of the project's: it says which version the program is
# DENORT_OFFLINE  not empty: straight to 2
# DENORT_CACHE    where the runtime of 2 is kept
# Exit code 3: there is no runtime for that target here.
set -euo pipefail
entry=$1 out=$2; shift 2
deno=${DENO:-deno} cache=${DENORT_CACHE:-$PWD/dist/.denort} ver=2.7.14 pkg=bids-validator-deno==3.0.0a3
sha=44fa11ae44592891a07ecc3967cdb091ae316a947d60929415d26dedbb8f55b7
project=(--frozen ${DENORT_CONFIG:+--config "$DENORT_CONFIG"})
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

if [ -z "${DENORT_OFFLINE:-}" ]; then
  if NO_COLOR=1 timeout 180 "$deno" compile -q --bundle --minify "${project[@]}" "$@" -o "$out" "$entry" 2>"$work/log"; then
    echo "$out: compiled with $("$deno" --version | head -1)"
    exit 0
  fi
  grep -q 'denort-\|dl\.deno\.land' "$work/log" || { cat "$work/log" >&2; exit 1; } # what is wrong is the program
  echo "$out: no runtime of $("$deno" --version | head -1) to be had: $(grep -m1 -o 'error sending request.*' "$work/log" || tail -1 "$work/log")" >&2
fi

case "$(uname -m) $*" in
*aarch64* | arm64*) echo "$out: a runtime for arm64 comes from Deno's own host only" >&2; exit 3 ;;
esac
mkdir -p "$cache"
if [ ! -x "$cache/denort" ]; then
  echo "recovering the runtime of Deno $ver" >&2
  python3 -m pip download -q --no-deps --only-binary :all: --platform manylinux_2_28_x86_64 --python-version 3.11 -d "$cache" "$pkg"
  # The package holds a compiled program: its runtime is what stands before the payload.
  python3 - "$cache" "$sha" <<'PY'
import sys,struct,hashlib,zipfile,glob,os
cache,want=sys.argv[1:]
z=zipfile.ZipFile(glob.glob(cache+'/*.whl')[0]); b=z.read(next(n for n in z.namelist() if n.endswith('/scripts/bids-validator-deno')))
magic,_,total=struct.unpack('<IIQ',b[-16:]); assert magic==0x501e
end=struct.unpack_from('<Q',b,0x28)[0]+struct.unpack_from('<H',b,0x3A)[0]*struct.unpack_from('<H',b,0x3C)[0]
assert end==len(b)-total, 'layout changed'
b=b[:end]; got=hashlib.sha256(b).hexdigest(); assert got==want, got
open(cache+'/denort.new','wb').write(b); os.chmod(cache+'/denort.new',0o755); os.rename(cache+'/denort.new',cache+'/denort')
PY
fi
[ -x "$cache/node_modules/.bin/deno" ] || npm install --silent --no-save --prefix "$cache" "deno@$ver" >/dev/null
name=$(basename "$out")
"$deno" bundle -q --minify --platform deno "${project[@]}" -o "$work/$name.js" "$entry"
DENORT_BIN="$cache/denort" "$cache/node_modules/.bin/deno" compile -q --no-config --no-lock --no-check "$@" -o "$out" "$work/$name.js"
echo "$out: compiled with Deno $ver (recovered runtime)"
