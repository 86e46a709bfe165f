#!/bin/sh
# Sees to it that Debian machines can be made and booted for `make test-system`, where it may.
[ "$(id -u)" = 0 ] || exit 0 # the tests say themselves that they need root
missing=
for tool in systemd-nspawn:systemd-container mmdebstrap:mmdebstrap ip:iproute2 mkfs.ext4:e2fsprogs \
  cc:gcc; do
  command -v "${tool%%:*}" >/dev/null || missing="$missing ${tool##*:}"
done
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null || exit 0
echo "installing$missing"
apt-get update -qq
# shellcheck disable=SC2086 # several words
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
