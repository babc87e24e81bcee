#!/bin/sh
# The page's tests and screenshots need a real Chromium and fonts for all scripts of the seeds.
set -u
missing=""
command -v chromium >/dev/null 2>&1 || missing="chromium"
if command -v fc-list >/dev/null 2>&1; then
    [ -n "$(fc-list :lang=ja)" ] || missing="$missing fonts-noto-cjk"
    [ -n "$(fc-list :lang=hi)" ] || missing="$missing fonts-noto-core"
else
    missing="$missing fonts-noto-core fonts-noto-cjk"
fi
[ -n "$missing" ] || exit 0
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    # shellcheck disable=SC2086
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
else
    echo "The tests of the page need: $missing. Install them, or those tests are skipped." >&2
fi
