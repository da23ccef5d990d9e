#!/bin/sh
# Sends published recordings to b3scaled, so that node and server need no shared file system.
#
#   b3scale_upload.sh -m <record id> [-f <format>]   this recording, and all that an earlier run could not send
#   b3scale_upload.sh -r                             only those: for cron or a timer
#   b3scale_upload.sh -a                             everything that is published and was never sent
#
# Settings, from /etc/default/b3scale-post-publish (lines NAME=value):
#   B3SCALE_API_URL        required: public URL of b3scaled
#   B3SCALE_TOKEN_FILE     /var/lib/b3scaleagent/jwt   token with scope b3scale:node; must be readable by bigbluebutton
#   B3SCALE_PUBLISHED_DIR  /var/bigbluebutton/published
#   B3SCALE_STATE_DIR      /var/bigbluebutton/recording/status/b3scale   what was sent, and what is to be sent again
#   B3SCALE_TMP_DIR        /var/bigbluebutton   room for one archive
#
# Ends with 0 when nothing is left to be sent, 1 when something is, 2 when it was called wrongly.
set -u

CONFIG=${B3SCALE_POST_PUBLISH_CONFIG:-/etc/default/b3scale-post-publish}
# shellcheck source=/dev/null
[ ! -r "$CONFIG" ] || . "$CONFIG"
API_URL=${B3SCALE_API_URL:-}
TOKEN_FILE=${B3SCALE_TOKEN_FILE:-/var/lib/b3scaleagent/jwt}
PUBLISHED=${B3SCALE_PUBLISHED_DIR:-/var/bigbluebutton/published}
STATE=${B3SCALE_STATE_DIR:-/var/bigbluebutton/recording/status/b3scale}
TMP_DIR=${B3SCALE_TMP_DIR:-/var/bigbluebutton}

log() { echo "b3scale_upload: $*" >&2; }
die() { log "$1"; exit "$2"; }
usage() { die "usage: b3scale_upload.sh -m <record id> [-f <format>] | -r | -a" 2; }

record='' format='' mode=''
while getopts m:f:ra option; do
  case $option in
    m) record=$OPTARG mode=one ;;
    f) format=$OPTARG ;;
    r) mode=again ;;
    a) mode=all ;;
    *) usage ;;
  esac
done
[ -n "$mode" ] || usage
case $record$format in *[!A-Za-z0-9_-]*) die "a record id or format has other characters than letters, digits, - and _" 2 ;; esac
[ -n "$API_URL" ] || die "B3SCALE_API_URL is not set in $CONFIG" 2
[ -r "$TOKEN_FILE" ] || die "the token $TOKEN_FILE cannot be read (B3SCALE_TOKEN_FILE)" 2

umask 077
mkdir -p "$STATE/pending" "$STATE/sent" || die "$STATE cannot be written (B3SCALE_STATE_DIR)" 2
work=$(mktemp -d "$TMP_DIR/.b3scale-upload.XXXXXX") || die "$TMP_DIR cannot be written (B3SCALE_TMP_DIR)" 2
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# The token is in a file: command lines can be read by everybody.
printf 'header = "Authorization: Bearer %s"\n' "$(tr -d '\r\n' < "$TOKEN_FILE")" > "$work/token"

# Names are <format>:<record id>.
want() { : > "$STATE/pending/$1"; }

want_recording() {
  for folder in "$PUBLISHED"/${format:-*}/"$record"; do
    [ -f "$folder/metadata.xml" ] || continue
    parent=${folder%/*}
    want "${parent##*/}:$record"
  done
}

want_all() {
  for metadata in "$PUBLISHED"/*/*/metadata.xml; do
    [ -f "$metadata" ] || continue
    folder=${metadata%/metadata.xml}
    parent=${folder%/*}
    name=${parent##*/}:${folder##*/}
    [ -e "$STATE/sent/$name" ] || want "$name"
  done
}

# The same files make the same archive, so that the server knows it again.
pack() {
  tar --create --file "$work/archive.tar" --directory "$PUBLISHED" --sort=name --format=gnu \
    --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime=@0 -- "$1" &&
    openssl dgst -sha256 -binary "$work/archive.tar" | openssl base64 -A > "$work/digest"
}

# 0 sent, 1 to be sent again, 2 refused for good
send() {
  name=$1 kind=${1%%:*} id=${1#*:}
  pack "$kind/$id" || { log "$name cannot be packed"; return 1; }
  status=$(curl --config "$work/token" --silent --show-error --request POST --upload-file "$work/archive.tar" \
    --header "Content-Type: application/x-tar" --header "Content-Digest: sha-256=:$(cat "$work/digest"):" \
    --connect-timeout 10 --speed-limit 1 --speed-time 120 --retry "${B3SCALE_RETRIES:-4}" --retry-connrefused \
    --output "$work/answer" --write-out '%{http_code}' \
    "${API_URL%/}/api/v1/recordings-upload?record_id=$id&format=$kind") || status="${status:-000}"
  rm -f "$work/archive.tar"
  answer=$(head -c 500 "$work/answer" 2> /dev/null | tr -d '\r\n')
  case $status in
    2??) log "$name sent"; return 0 ;;
    400 | 415) log "$name refused for good, status $status: $answer"; return 2 ;;
    *) log "$name not sent, status $status: $answer"; return 1 ;;
  esac
}

case $mode in
  one) want_recording ;;
  all) want_all ;;
esac

left=0
for pending in "$STATE"/pending/*:*; do
  [ -e "$pending" ] || continue
  name=${pending##*/}
  if [ ! -f "$PUBLISHED/${name%%:*}/${name#*:}/metadata.xml" ]; then
    log "$name is not published any more"
    rm -f "$pending"
    continue
  fi
  send "$name"
  case $? in
    0) mv -f "$work/digest" "$STATE/sent/$name" && rm -f "$pending" ;;
    2) rm -f "$pending"; left=1 ;;
    *) left=1 ;;
  esac
done
exit "$left"
