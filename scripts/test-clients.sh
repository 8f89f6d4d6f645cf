#!/usr/bin/env bash
# Tests the Python client, and `diatom` itself, against a live service that speaks TLS and wants keys.
#
#   scripts/test-clients.sh         after make build
set -euo pipefail
# shellcheck source=scripts/own-service.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/own-service.sh"

mkdir "$work/new"
for folder in "$work" "$work/new"; do
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
        -keyout "$folder/key.pem" -out "$folder/certificate.pem" 2>/dev/null
done
chmod 644 "$work/key.pem" # of these tests only
start_service --tls-cert "$work/certificate.pem" --tls-key "$work/key.pem"

export DIATOM_TEST_URL=https://localhost:$port DIATOM_TEST_SOCKET=$work/data/diatom.sock
export DIATOM_TEST_CERTIFICATE=$work/certificate.pem DIATOM_TEST_KEY DIATOM_TEST_ADMIN_KEY
DIATOM_TEST_KEY=$(make_key run)
DIATOM_TEST_ADMIN_KEY=$(make_key admin)

python3 -m venv "$work/venv"
# Built from a copy: what builds it writes beside its sources.
cp -r "$project/clients/python" "$work/client"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "$work/client" mypy
"$work/venv/bin/mypy" --no-error-summary "$work/client/src/diatom"
"$work/venv/bin/python" -m unittest discover --start-directory "$project/clients/python/tests"
python3 "$project/scripts/remote_command.py"
python3 "$project/scripts/outbound.py"
python3 "$project/scripts/sessions.py"
# The last: it renews the certificate, and ends the service.
python3 "$project/scripts/life_cycle.py" "$port" "$service" "$work"
await_end
