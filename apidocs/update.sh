#!/usr/bin/env bash
# Takes Swagger UI into this package again: what the browser needs of the npm package swagger-ui-dist, packed, with its
# licence. To move to another version, change both lines below (npm view swagger-ui-dist@VERSION dist.integrity).
set -euo pipefail

version=5.35.0
integrity=sha512-U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ==

cd "$(dirname "${BASH_SOURCE[0]}")"
into=$PWD/swagger-ui
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$work"
npm pack --silent "swagger-ui-dist@$version" >/dev/null
got=sha512-$(openssl dgst -sha512 -binary "swagger-ui-dist-$version.tgz" | base64 -w0)
[ "$got" = "$integrity" ] || { echo "update.sh: swagger-ui-dist@$version is $got, not $integrity" >&2; exit 1; }
tar xzf "swagger-ui-dist-$version.tgz"
for name in swagger-ui-bundle.js swagger-ui.css; do
	gzip -9 -n -c "package/$name" >"$into/$name.gz"
done
cp package/{LICENSE,NOTICE,swagger-ui-bundle.js.LICENSE.txt,favicon-32x32.png} "$into/"
