// Package migrate brings a database to the schema the code expects, and moves data in and out of it as fixtures.
//
// The schema is a list of numbered SQL files, the same steps for SQLite and for PostgreSQL:
//
//	sqlite/0001_contenttypes_initial.sql     postgres/0001_contenttypes_initial.sql
//	sqlite/0002_auth_initial.sql             postgres/0002_auth_initial.sql
//
// The comments at the head of a file say what it leaves in the table django_migrations:
//
//	-- records: auth.0001_initial
//	-- records: auth.0004_alter_user_username_opts (state only)
//
// Where the names are Django's own, a Django server on the same database sees its migrations as applied, and a database
// that Django made is adopted as it stands. A record marked "state only" changes nothing in the database; a history that
// lacks just such records counts as complete.
//
// [Migrate] applies what is missing, each file in a transaction together with its records, under a lock: any number of
// processes may call it at the same time.
//
// [LoadData] and [DumpData] read and write Django's JSON fixtures.
package migrate
