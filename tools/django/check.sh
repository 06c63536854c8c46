#!/usr/bin/env bash
# Runs the round trip beside Django: the real reference project and this program on one database, SQLite and PostgreSQL.
# It needs the project (QUINTET_DJANGO_PROJECT, or conformance/ in a folder shared/ beside this repository) and Django, which
# pip installs into the cache. Where one of them is missing it says so and ends with status 77: skipped. PostgreSQL is installed
# when it is missing; without it this fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

skip() {
	cat >&2 <<TEXT
*******************************************************************************
SKIPPED: NOTHING IS TESTED BESIDE DJANGO.
$1
*******************************************************************************
TEXT
	exit 77
}

environments() { python3 -c 'import ensurepip, venv' 2>/dev/null; }

install() {
	[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
	apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends python3-venv && environments
}

export QUINTET_DJANGO_PROJECT=${QUINTET_DJANGO_PROJECT:-$(realpath -m ../shared/conformance)}
[ -f "$QUINTET_DJANGO_PROJECT/manage.py" ] ||
	skip "The reference project is not at $QUINTET_DJANGO_PROJECT: set QUINTET_DJANGO_PROJECT."

# Given a Python that has the packages, nothing is installed.
if [ -z "${QUINTET_DJANGO_PYTHON:-}" ]; then
	requirements=tools/django/requirements.txt
	venv=${XDG_CACHE_HOME:-$HOME/.cache}/quintet/django-$(cksum <"$requirements" | cut -d ' ' -f 1)
	if [ ! -e "$venv/complete" ]; then
		environments || install || skip "python3 cannot make environments (Debian, Ubuntu: apt-get install python3-venv)."
		python3 -m venv --clear "$venv" || skip "python3 -m venv failed."
		"$venv/bin/pip" install --quiet --disable-pip-version-check --retries 1 --timeout 15 -r "$requirements" ||
			skip "pip cannot install the packages of $requirements."
		touch "$venv/complete"
	fi
	export QUINTET_DJANGO_PYTHON=$venv/bin/python
fi

export QUINTET_REQUIRE_POSTGRES=1
tools/postgres.sh
go test -count=1 -v -run '^TestBeside' ./conformance
