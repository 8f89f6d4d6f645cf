#!/usr/bin/env bash
# Runs what must be clean under sanitizers: the mechanism in C under AddressSanitizer and UBSan, the pool's pure state
# machine and the filters under ThreadSanitizer.
#
# ThreadSanitizer does not see Swift's Mutex here: a program of ten lines that uses one rightly is reported. Suites whose
# state a Mutex guards are therefore left out; a report from them would say nothing.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
folder=.build/sanitize
mkdir -p "$folder"

clang -std=c17 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -fno-sanitize-recover=all \
    -fsanitize=address,undefined -fuse-ld=bfd -ISources/CJail -ISources/CJail/include \
    Sources/CJail/*.c Tests/Sanitize/*.c -lgcc_s -o "$folder/drive"
ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 "$folder/drive"

if [[ ${1:-} != --c ]]; then
    DIATOM_SANITIZED=1 swift test --disable-xctest --sanitize=thread --scratch-path "$folder/thread" --filter 'PoolMachine|PathPattern|VerdictRules'
fi
