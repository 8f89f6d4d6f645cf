#!/usr/bin/env bash
# Runs the tests with Swift Testing and prints their totals, the last line a plain "N passed, M failed, K skipped".
#
#   scripts/test.sh [ARG…]        arguments for swift test, such as --filter CommandsTests
#
# The totals are also left in .build/totals, for those who run this among other things. A skipped test is said, by name.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
totals=.build/totals
mkdir -p .build
rm -f .build/tests*.xml "$totals"

# Hundreds of programs, and compilers, take all cores for a minute: beside them others would run into their time limits.
programs='FriendlyTests|NodeTests'
compilers='LanguageSmokeTests|CompilerBombTests'
# All tests at once would be hundreds of sandboxes on a few cores, each with a time limit.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$((3 * $(nproc)))
code=0
run() {
    local name=$1
    shift
    swift test --disable-xctest --parallel --xunit-output ".build/tests-$name.xml" "$@" || code=$?
}
if (($# > 0)); then
    run chosen "$@"
else
    run most --skip "$programs|$compilers"
    run programs --skip-build --filter "$programs"
    run compilers --skip-build --filter "$compilers"
fi

python3 - "$code" .build/tests-*.xml <<'PYTHON' | tee "$totals.new"
import sys
import xml.etree.ElementTree as tree

code, cases = int(sys.argv[1]), []
for path in sys.argv[2:]:
    try:
        cases += tree.parse(path).iter("testcase")
    except (OSError, tree.ParseError):
        code = code or 1
failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
skipped = [case for case in cases if case.find("skipped") is not None]
for case in skipped:
    print(f"skipped: {case.get('classname')} {case.get('name')}: {(case.find('skipped').text or '').strip()}")
for case in failed:
    print(f"failed: {case.get('classname')} {case.get('name')}")
# Tests that did not build, or died without a word, are a failure that no case tells of.
count = max(len(failed), 1) if code else len(failed)
print(f"{len(cases) - len(failed) - len(skipped)} passed, {count} failed, {len(skipped)} skipped")
sys.exit(0)
PYTHON
tail -n 1 "$totals.new" >"$totals"
rm -f "$totals.new"
exit "$code"
