#!/bin/sh
# Gets an Exim for the tests that need a real mail server, where that needs no question: as root on a Debian.
# Its service is never started, and a mail server that is there already is never removed. Never fails the run.

PATH=$PATH:/usr/sbin:/sbin
command -v exim4 >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Exim for the mail tests with apt-get ..."
    export DEBIAN_FRONTEND=noninteractive
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap 'rm -f $policy' EXIT
        trap 'exit 1' HUP INT TERM
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
    fi
    install="apt-get install -y -q --no-install-recommends --no-remove exim4-daemon-light"
    $install >/dev/null 2>&1 || { apt-get update -q >/dev/null 2>&1; $install >/dev/null 2>&1; }
    if command -v exim4 >/dev/null; then
        update-rc.d exim4 disable >/dev/null 2>&1
        exit 0
    fi
fi
echo "*** THERE IS NO EXIM: THE TESTS WITH A REAL MAIL SERVER ARE SKIPPED. Install 'exim4-daemon-light' to run them. ***"
exit 0
