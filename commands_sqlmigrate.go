package quintet

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
)

func (a *App) sqlMigrateCommand() *cobra.Command {
	var backwards bool
	var dialect string
	cmd := &cobra.Command{
		Use:   "sqlmigrate migration",
		Short: "Print the SQL of a migration",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runSQLMigrate(cmd.OutOrStdout(), args[0], dialect, backwards)
		},
	}
	cmd.Flags().BoolVar(&backwards, "backwards", false, "print what undoes it")
	cmd.Flags().StringVar(&dialect, "dialect", "", "sqlite or postgres; the one of the configuration unless given")
	return cmd
}

func (a *App) runSQLMigrate(out io.Writer, name, dialect string, backwards bool) error {
	if a.options.Migrations == nil {
		return errNoMigrations
	}
	if dialect == "" {
		config, err := LoadConfig(a.options.environ())
		if err != nil {
			return err
		}
		dialect = orm.Postgres
		if config.SQLite() {
			dialect = orm.SQLite
		}
	}
	m, err := migrate.Find(a.options.Migrations, dialect, name, a.options.Steps...)
	if err != nil {
		return err
	}
	if backwards && !m.Reversible {
		return &migrate.IrreversibleError{File: m.File}
	}
	statements := m.Statements
	if backwards {
		statements = m.Backward
	}
	for _, s := range statements {
		fmt.Fprintf(out, "%s;\n", s.SQL)
	}
	if len(statements) == 0 {
		fmt.Fprintf(out, "-- %s has no SQL\n", m.File)
	}
	return nil
}
