#!/usr/bin/env bash
# Runs real programs sealed and shows, for each, what came out, the verdict and the receipt. `make demo` builds first.
#
# A service is started in a temporary folder, so that Python starts warm, and stopped at the end.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
diatom=${DIATOM:-$PWD/.build/release/diatom}
[[ -x $diatom ]] || { echo "demo: $diatom is missing; run 'make demo' or 'make build'" >&2; exit 1; }

scratch=$(mktemp -d)
# Of its own, because as root the service gives up root and could not pass through the other.
data=$(mktemp -d)
service=
# shellcheck disable=SC2317  # called by the trap
clean_up() {
    if [[ -n $service ]]; then
        kill "$service" 2>/dev/null || true
        wait "$service" 2>/dev/null || true
    fi
    rm -rf "$scratch" "$data"
}
trap clean_up EXIT

start_service() {
    "$diatom" serve --data "$data" --listen none >"$scratch/log" 2>&1 &
    service=$!
    for _ in {1..150}; do
        if [[ -S $data/diatom.sock ]]; then return; fi
        kill -0 "$service" 2>/dev/null || break
        sleep 0.1
    done
    cat "$scratch/log" >&2
    echo "demo: the service did not start; 'diatom doctor' says what is missing" >&2
    exit 1
}

# Prints a file indented, no more than a few lines of a bounded width.
shown() {
    local label=$1 file=$2 most=8 lines
    [[ -s $file ]] || return 0
    head -c 4000 "$file" | head -n "$most" | cut -c 1-110 | sed "s/^/    $label | /"
    lines=$(wc -l <"$file")
    if ((lines > most)) || (($(stat -c %s "$file") > 4000)); then
        echo "    $label | … $(stat -c %s "$file") bytes in all"
    fi
}

count=0
unexpected=0

# show HEADING EXPECTED-EXIT-CODE ARG…: one run; its program is the stdin of this function where an ARG is "-".
show() {
    local heading=$1 expected=$2 code=0
    shift 2
    count=$((count + 1))
    printf '\n%d. %s\n' "$count" "$heading"
    "$diatom" run --data "$data" --receipt "$@" >"$scratch/out" 2>"$scratch/err" || code=$?
    grep -v '^diatom: ' "$scratch/err" >"$scratch/said" || true
    grep '^diatom: ' "$scratch/err" | grep -v '^diatom: receipt: ' >"$scratch/verdict" || true
    shown stdout "$scratch/out"
    shown stderr "$scratch/said"
    if [[ -s $scratch/verdict ]]; then
        sed 's/^/    verdict: /' "$scratch/verdict"
    elif ((code == 0)); then
        echo "    verdict: succeeded"
    else
        echo "    verdict: failed"
    fi
    echo "    exit code: $code"
    sed -n 's/^diatom: receipt: /receipt: /p' "$scratch/err" | fold -s -w 106 | sed '1s/^/    /; 2,$s/^/        /'
    if ((code != expected)); then
        echo "    unexpected: the exit code should be $expected"
        unexpected=$((unexpected + 1))
    fi
}

start_service
"$diatom" version
echo "The service runs as $(id -un); each program below has a sandbox of its own, which is gone when the program is."

show "Python, warm: a program that succeeds" 0 -l python - <<'PROGRAM'
import os, platform, socket
print("hello from Python", platform.python_version())
print("user", os.getuid(), "on", socket.gethostname(), "in", os.getcwd(), "as process", os.getpid())
try:
    socket.create_connection(("192.0.2.1", 80), timeout=1)
except OSError as error:
    print("the network:", error)
PROGRAM

show "Python, a fresh interpreter: the same hash seed twice" 0 -l python --seed 7 - <<'PROGRAM'
import random
print(hash("diatom") % 1000, random.randrange(1000))
PROGRAM

show "Bash: a pipeline" 0 -l bash - <<'PROGRAM'
printf '%s\n' pear apple fig apple | sort | uniq -c | sort -rn | awk '{ print $2, $1 }'
PROGRAM

show "C: compiled, then run, each with limits of its own" 0 -l c - <<'PROGRAM'
#include <stdio.h>
int main(void)
{
    long sum = 0;
    for (int i = 1; i <= 1000; i++)
        sum += i;
    printf("the sum is %ld\n", sum);
    return 0;
}
PROGRAM

show "C that does not compile" 123 -l c - <<'PROGRAM'
int main(void) { return missing; }
PROGRAM

show "Python that fails: the exit code is the program's own" 1 -l python - <<'PROGRAM'
def price(row):
    return row["price"]
print(price({"name": "fig"}))
PROGRAM

show "Bash that fails with a code of its own" 3 -l bash - <<'PROGRAM'
echo "nothing to do" >&2
exit 3
PROGRAM

show "wall limit, 300 ms" 124 -l python --wall-ms 300 - <<'PROGRAM'
import time
print("sleeping", flush=True)
time.sleep(60)
PROGRAM

show "cpu limit, 200 ms" 124 -l python --cpu-ms 200 - <<'PROGRAM'
while True:
    pass
PROGRAM

show "memory limit, 64 MB, held for all processes together" 137 -l python --memory-mb 64 - <<'PROGRAM'
blocks = []
while True:
    blocks.append(bytearray(8 << 20))
    print(8 * len(blocks), "MB", flush=True)
PROGRAM

show "process limit, 16: the fork fails inside, and the verdict names the limit" 1 -l python --processes 16 - <<'PROGRAM'
import subprocess
children = [subprocess.Popen(["sleep", "5"]) for _ in range(64)]
PROGRAM

show "output limit, 20,000 bytes" 122 -l bash --output-bytes 20000 - <<'PROGRAM'
yes diatom
PROGRAM

show "disk limit, 8 MB for workspace, /tmp and /dev/shm together" 122 -l python --disk-mb 8 - <<'PROGRAM'
with open("/tmp/large", "wb") as file:
    while True:
        file.write(bytes(1 << 20))
PROGRAM

show "file limit, 100: the call fails inside, and the verdict names the limit" 1 -l python --files 100 - <<'PROGRAM'
for number in range(1000):
    open(f"file{number}", "w").close()
PROGRAM

show "and the next run works" 0 -l python -c 'print("still here")' </dev/null

echo
if ((unexpected)); then
    echo "demo: $unexpected of $count programs ended otherwise than they should"
    exit 1
fi
echo "demo: $count programs, each ended as it should"
