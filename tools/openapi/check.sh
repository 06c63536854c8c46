#!/usr/bin/env bash
# Checks an OpenAPI document with the tools that its readers use: spectral and redocly must find no error, and the
# TypeScript client types that openapi-typescript makes of it must compile under tsc --strict.
#
#   tools/openapi/check.sh [DOCUMENT]      default: api/openapi.yaml
#
# Needs node and npm; installs the tools of package-lock.json beside this script when they are not there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
document=$(realpath "${1:-$here/../../api/openapi.yaml}")
[ -f "$document" ] || { echo "check.sh: there is no $document" >&2; exit 1; }

cd "$here"
# npm ci writes node_modules/.package-lock.json; an older one is of another set of tools.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch node_modules/.package-lock.json
fi
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
bin=$here/node_modules/.bin
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

echo "spectral"
"$bin/spectral" lint --ruleset .spectral.yaml --fail-severity error "$document"
echo "redocly"
"$bin/redocly" lint --config redocly.yaml "$document"
echo "openapi-typescript, tsc --strict"
"$bin/openapi-typescript" "$document" --output "$out/schema.ts"
"$bin/tsc" --strict --noEmit --target es2022 --module esnext --moduleResolution bundler "$out/schema.ts"
echo "the document is fine: $document"
