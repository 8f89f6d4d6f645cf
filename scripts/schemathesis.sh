#!/usr/bin/env bash
# Sends what the OpenAPI document allows, and what it does not, to a service of its own, by Schemathesis (from PyPI).
#
#   scripts/schemathesis.sh [EXAMPLES]      requests made up for each operation (default: 100)
#
# Nothing may be answered with 5xx, with a status or a type that the document does not name, or in another shape.
set -euo pipefail
# shellcheck source=scripts/own-service.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/own-service.sh"

tool=$project/.build/schemathesis
[[ -x $tool/bin/schemathesis ]] || {
    python3 -m venv "$tool" && "$tool/bin/pip" install --quiet --disable-pip-version-check 'schemathesis>=4,<5'
}

# Environments cannot be made without an index, whose absence would be answered with 503.
export PIP_NO_INDEX=1
# What it makes up for URLs is somebody's.
start_service --verbose --webhooks no
cd "$work" # it keeps what it found in a folder of its own
"$tool/bin/schemathesis" run "http://127.0.0.1:$port/openapi.json" \
    --header "Authorization: Bearer $(make_key admin)" --max-examples "${1:-100}" --phases examples,coverage,fuzzing \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance
