// Package ormtest gives tests fresh databases: SQLite files, and PostgreSQL databases on a server that it starts itself.
//
//	func TestShop(t *testing.T) {
//		ormtest.Each(t, func(t *testing.T, db *orm.DB) { … }) // once on SQLite, once on PostgreSQL
//	}
//
// [Faults] makes chosen statements fail, to see how a program gets over it.
//
// The server is started by the first test that needs it, once per process and without a trace: it stops and its files are
// removed when the process ends, however it ends. It needs PostgreSQL's programs to be installed. Three variables decide
// otherwise:
//
//	QUINTET_TEST_POSTGRES     the URL of a superuser; databases are created on that server instead, and dropped
//	                          after use except for those of templates
//	QUINTET_POSTGRES_BIN      the folder of the programs initdb and postgres
//	QUINTET_REQUIRE_POSTGRES  1 makes tests fail that would be skipped where PostgreSQL is not installed
package ormtest
