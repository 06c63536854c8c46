-- Nothing to do here: SQLite counts from the table itself. The step exists so that both databases have the same history.
-- records: quintet.0001_autovacuum

-- backward
