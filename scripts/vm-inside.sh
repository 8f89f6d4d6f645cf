#!/usr/bin/env bash
# What test-vm.sh runs inside the virtual machine; it works on any machine too. Every part is run, whatever failed before.
#
# SHARED names the folder with the hostile corpus, or is empty. HOSTILE_START: warm, fresh or both.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
diatom=.build/release/diatom
failed=()

part() {
    local name=$1
    local start=$SECONDS
    shift
    echo "-- $name"
    "$@" || failed+=("$name")
    echo "-- $name: $((SECONDS - start)) s"
}

start_service() {
    DIATOM_DATA=$(mktemp -d)
    export DIATOM_DATA
    "$diatom" serve --data "$DIATOM_DATA" --listen none >"$DIATOM_DATA/log" 2>&1 &
    service=$!
    for _ in {1..600}; do
        if [[ -S $DIATOM_DATA/diatom.sock ]]; then return; fi
        kill -0 "$service" 2>/dev/null || break
        sleep 0.1
    done
    cat "$DIATOM_DATA/log" >&2
    return 1
}

stop_service() {
    kill "$service" 2>/dev/null || true
    wait "$service" 2>/dev/null || true
    rm -rf "$DIATOM_DATA"
}

# The cases bound how long an answer may take, and emulation on a busy machine can be slower than that.
hostile() {
    scripts/hostile/run.sh --quick --again --start "${HOSTILE_START:-both}"
}

# Cells, a checkpoint and a rollback, a fork, a live shell, as a person types them.
sessions() {
    local said
    # shellcheck disable=SC2016  # the shell in the session expands it
    said=$(printf '%s\n' 'x = 6' ':checkpoint' 'x = 1' ':rollback' 'print(x * 7)' ':fork' ':bash' 'echo live $((1 + 1))' |
        "$diatom" session)
    echo "$said"
    grep -q '^42$' <<<"$said" && grep -q '^diatom session attach ses_' <<<"$said" && grep -q '^live 2$' <<<"$said"
}

sum_up() {
    if ((${#failed[@]})); then
        printf 'vm-inside: failed: %s\n' "${failed[*]}" >&2
        exit 1
    fi
    echo "vm-inside: all parts passed"
}

part "doctor" "$diatom" doctor
# Alone once, so that starting a jailer for one command is tried as well.
# shellcheck disable=SC2016  # the shell in the sandbox expands it
part "run alone" "$diatom" run --alone -l sh -c 'echo sealed as "$(id -un)"'
if ! start_service; then
    failed+=("serve")
    sum_up
fi
trap stop_service EXIT
# A few: compilers and virtual machines of languages take minutes under emulation.
mapfile -t languages < <(printf -- '--language\n%s\n' python bash sh c lua jq)
part "smoke" scripts/smoke.py "${languages[@]}"
if [[ -d /usr/lib/python3/dist-packages/IPython ]]; then
    part "sessions" sessions
else
    echo "-- sessions: skipped, IPython is not installed"
fi
if [[ -n ${SHARED:-} && -d $SHARED/hostile ]]; then
    part "hostile" hostile
else
    echo "-- hostile: skipped, SHARED names no folder with hostile/"
fi
sum_up
