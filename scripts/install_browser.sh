#!/bin/sh
# Gets a Chromium for the browser tests where that needs no question: as root on a Debian. Never fails the run.

for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the browser tests with apt-get ..."
    export DEBIAN_FRONTEND=noninteractive
    install="apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core"
    $install >/dev/null 2>&1 || { apt-get update -q >/dev/null 2>&1; $install >/dev/null 2>&1; }
    command -v chromium >/dev/null && exit 0
fi
echo "*** THERE IS NO CHROMIUM: THE BROWSER TESTS ARE SKIPPED. Install the package 'chromium' to run them. ***"
exit 0
