package orm

// The names of the databases, as [DB.Dialect] and GORM's DB.Name give them.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)
