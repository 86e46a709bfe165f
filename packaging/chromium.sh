#!/bin/sh
# Sees to it that a headless Chromium and its driver are there for the tests; takes them from Debian
# where it may. Without them the tests in the browser are skipped, and say so.
set -eu
fonts=/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc
command -v chromium >/dev/null && command -v chromedriver >/dev/null && [ -e "$fonts" ] && exit 0
if [ "$(id -u)" = 0 ]; then
  root=
elif sudo -n true 2>/dev/null; then
  root=sudo
else
  echo "The tests in the browser are skipped. For them, run once: sudo apt-get install chromium chromium-driver" >&2
  exit 0
fi
command -v apt-get >/dev/null || exit 0
echo "installing chromium"
$root apt-get update -qq
# The characters of both languages are needed for pictures one can read.
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  chromium chromium-driver fonts-noto-cjk >/dev/null || echo "chromium could not be installed" >&2
