#!/bin/sh
# Runs the hostile corpus in $SHARED/hostile through Diatom. Exit 1 when a case escaped or its verdict is unclear.
#
#   run.sh [--quick] [--again] [--start warm|fresh|both] [-- ARG…]
#
#   --quick   only the cases in quick.txt
#   --again   what is not contained at first counts by a second try: for machines so slow that an answer comes late
#   --start   how the programs are started; both by default, one pass each
#   ARG       for run_corpus.py, such as -v or --json FILE
#
# DIATOM names another program than .build/release/diatom, PYTHON another interpreter than /usr/bin/python3.
set -eu

usage() {
    sed -n '2,/^set/ s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

here=$(cd "$(dirname "$0")" && pwd)
quick=
again=
starts="warm fresh"
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=yes ;;
    --again) again=yes ;;
    --start)
        case ${2-} in
        warm | fresh) starts=$2 ;;
        both) starts="warm fresh" ;;
        *) usage ;;
        esac
        shift
        ;;
    --)
        shift
        break
        ;;
    *) usage ;;
    esac
    shift
done

if [ -z "${SHARED-}" ]; then
    echo "skipped: SHARED is not set; it names the folder that holds hostile/run_corpus.py"
    exit 0
fi
corpus=$SHARED/hostile/run_corpus.py
if [ ! -f "$corpus" ]; then
    echo "skipped: there is no $corpus"
    exit 0
fi
DIATOM=${DIATOM:-$here/../../.build/release/diatom}
export DIATOM
if [ ! -x "$DIATOM" ]; then
    echo "run.sh: $DIATOM is missing: run 'make build' first, or set DIATOM" >&2
    exit 1
fi
python=${PYTHON:-/usr/bin/python3}
if ! command -v "$python" > /dev/null; then
    echo "run.sh: $python is missing: set PYTHON" >&2
    exit 1
fi

if [ "$quick" ]; then
    ids=$(sed 's/#.*//' "$here/quick.txt" | tr -s ' \n' ',,')
    set -- --only "$ids" "$@"
fi

# Runs the cases with $start; the last of the runner's options counts. Its log stays in $log.
run_cases() {
    DIATOM_ADAPTER_START=$start "$python" "$corpus" --cmd "'$python' '$here/adapter.py'" "$@" | tee "$log"
    # a pipe hides the runner's exit code; its last line says the same, and "0 unclear" that every case was judged
    tail -n 1 "$log" | grep -q ' 0 escaped, 0 unclear'
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0
for start in $starts; do
    echo "== hostile corpus, start: $start"
    if ! run_cases "$@"; then
        open=$(sed -n 's/^\(ESCAPED\|UNCLEAR\) *\([^ ]*\) .*/\2/p' "$log" | tr '\n' ',')
        if [ "$again" ] && [ "$open" ]; then
            echo "== once more: $open"
            run_cases "$@" --only "$open" || failed=1
        else
            failed=1
        fi
    fi
done
if [ "$failed" = 1 ]; then
    echo "run.sh: not every case was contained" >&2
fi
exit $failed
