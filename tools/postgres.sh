#!/usr/bin/env bash
# Sees to it that the tests find PostgreSQL's programs. They start a server of their own from them, so nothing is configured
# or started here. Where the programs are missing and this is root (or sudo asks for no password) on Debian or Ubuntu, they are
# installed; elsewhere it says what to do, and fails only under QUINTET_REQUIRE_POSTGRES=1.
set -euo pipefail

present() {
	[ -n "${QUINTET_TEST_POSTGRES:-}" ] || [ -n "${QUINTET_POSTGRES_BIN:-}" ] ||
		compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install() {
	command -v apt-get >/dev/null && as_root true 2>/dev/null || return 1
	# Debian's package would make a cluster and start it; the tests need neither.
	if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
		as_root mkdir -p /etc/postgresql-common
		echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
	fi
	as_root apt-get update -q
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
		-o Dpkg::Options::=--force-confold postgresql
}

present && exit 0
echo "PostgreSQL is missing; trying to install it" >&2
if install && present; then exit 0; fi

cat >&2 <<'TEXT'
*******************************************************************************
PostgreSQL could not be installed: NOTHING WILL BE TESTED ON IT.
Install it (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install
postgresql-server; macOS: brew install postgresql), or set QUINTET_TEST_POSTGRES
to the URL of a superuser of a running server.
*******************************************************************************
TEXT
[ "${QUINTET_REQUIRE_POSTGRES:-}" != 1 ]
