#!/bin/sh
# Chinese characters in pictures, and the letters that phones have, where that needs no question: as root on a Debian.
# Never fails the run.

has() { fc-list "$1" 2>/dev/null | grep -q .; }

has :lang=zh && has Roboto && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends fonts-noto-cjk fonts-roboto-unhinted \
        >/dev/null 2>&1 && exit 0
fi
has :lang=zh && exit 0
echo "*** THERE IS NO FONT FOR CHINESE: its pictures show boxes. Install the package 'fonts-noto-cjk'. ***"
