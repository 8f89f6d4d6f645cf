# shellcheck shell=bash
# For scripts that try a service of their own: sourced, after `set -euo pipefail`. What it makes goes when the script ends.
project=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
diatom=$project/.build/release/diatom
work=$(mktemp -d)
chmod 755 "$work" # the service is a user of its own
service=

finish() {
    [[ -z $service ]] || { kill "$service" 2>/dev/null || true; wait "$service" 2>/dev/null || true; }
    rm -rf "$work"
}
trap finish EXIT

# Starts it at a free port, which "port" is from then on, and waits until it answers on its socket.
start_service() {
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "$diatom" serve --data "$work/data" --listen "127.0.0.1:$port" "$@" >"$work/log" 2>&1 &
    service=$!
    for _ in $(seq 150); do
        "$diatom" keys list --data "$work/data" >/dev/null 2>&1 && return
        sleep 0.1
    done
    cat "$work/log" >&2
    return 1
}

# A new key of a scope.
make_key() { "$diatom" keys create --scope "$1" --data "$work/data" 2>/dev/null | grep -o 'dtm_[0-9a-f]*' | head -1; }

# Waits for a service that was told to end, and for its exit code.
await_end() {
    local code=0
    wait "$service" || code=$?
    service=
    return "$code"
}
