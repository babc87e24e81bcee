#!/bin/sh
# The page's tests and screenshots need a real Chromium, best the one without windows, and fonts for all scripts of the
# seeds.
set -u
can_install=""
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then can_install=yes; fi
missing=""
if ! command -v chromium-headless-shell >/dev/null 2>&1; then
    if [ -n "$can_install" ] || ! command -v chromium >/dev/null 2>&1; then missing="chromium-headless-shell"; fi
fi
if command -v fc-list >/dev/null 2>&1; then
    [ -n "$(fc-list :lang=ja)" ] || missing="$missing fonts-noto-cjk"
    [ -n "$(fc-list :lang=hi)" ] || missing="$missing fonts-noto-core"
else
    missing="$missing fonts-noto-core fonts-noto-cjk"
fi
[ -n "$missing" ] || exit 0
if [ -n "$can_install" ]; then
    # shellcheck disable=SC2086
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
else
    echo "The tests of the page need: $missing. Install them, or those tests are skipped." >&2
fi
