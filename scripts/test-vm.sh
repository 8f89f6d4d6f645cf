#!/usr/bin/env bash
# Tests what was built on Debian's stock kernel with control groups v2, in a virtual machine: once as root, once as an
# ordinary user in a delegated group. See scripts/vm/README.md. Exit 1 when something failed in either.
#
# SHARED names the folder with the hostile corpus; without one that part is skipped. VM_TIMEOUT: seconds for each pass.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
[[ -x .build/release/diatom ]] || { echo "test-vm: run 'make build' first" >&2; exit 1; }
# The virtual machine sees this machine's files at their own paths.
shared=
if [[ -n ${SHARED:-} && -d $SHARED ]]; then shared=$(cd -- "$SHARED" && pwd -P); fi

ended=()
for who in root user; do
    echo "== virtual machine, as $who"
    options=(--timeout "${VM_TIMEOUT:-1800}")
    start=fresh # one way of starting in each pass: emulation is slow, and both ways are tried on the machine itself
    if [[ $who == user ]]; then
        options+=(--user)
        start=warm
    fi
    scripts/vm/run.sh "${options[@]}" -- env SHARED="$shared" HOSTILE_START="$start" scripts/vm-inside.sh || {
        ended+=("as $who: failed, exit $?")
    }
done
((${#ended[@]} == 0)) || printf 'test-vm: %s\n' "${ended[@]}" >&2
((${#ended[@]} == 0))
