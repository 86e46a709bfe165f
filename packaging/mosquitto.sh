#!/bin/sh
# Sees to it that the broker mosquitto is there for the tests; takes it from Debian where it may.
set -eu
PATH=$PATH:/usr/sbin
command -v mosquitto >/dev/null && exit 0
if [ "$(id -u)" = 0 ]; then
  root=
elif sudo -n true 2>/dev/null; then
  root=sudo
else
  echo "The tests need a real MQTT broker. Please run once: sudo apt-get install mosquitto" >&2
  exit 3
fi
echo "installing mosquitto"
$root apt-get update -qq
# The tests start their own; the service of the package must not start by itself.
$root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq mosquitto >/dev/null
command -v mosquitto >/dev/null
