package quintet

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/quintet-go/quintet/migrate"
)

func (a *App) migrateCommand() *cobra.Command {
	var list, plan bool
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database to the schema that this program expects",
		Long:  "Applies pending migrations, each in a transaction, under a lock: several replicas may run it at once.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.opened(cmd, func(ctx context.Context) error { return a.runMigrate(ctx, cmd.OutOrStdout(), list, plan) })
		},
	}
	cmd.Flags().BoolVar(&list, "list", false, "only show all migrations, [X] for those that are applied")
	cmd.Flags().BoolVar(&plan, "plan", false, "only show what would be applied")
	cmd.MarkFlagsMutuallyExclusive("list", "plan")
	return cmd
}

func (a *App) runMigrate(ctx context.Context, out io.Writer, list, plan bool) error {
	switch {
	case a.options.Migrations == nil:
		return errors.New("this application declares no migrations: set Options.Migrations")
	case list:
		return a.listMigrations(ctx, out)
	case plan:
		return a.planMigrations(ctx, out)
	}
	applied, err := migrate.Migrate(ctx, a.db, a.migrateOptions())
	for _, m := range applied {
		fmt.Fprintln(out, "applied", m.File)
	}
	if err == nil && len(applied) == 0 {
		fmt.Fprintln(out, "No migrations to apply.")
	}
	return err
}

func (a *App) listMigrations(ctx context.Context, out io.Writer) error {
	states, err := migrate.Status(ctx, a.db, a.migrateOptions())
	for _, s := range states {
		mark := " "
		if s.Applied {
			mark = "X"
		}
		fmt.Fprintf(out, "[%s] %s\n", mark, s.File)
	}
	return err
}

func (a *App) planMigrations(ctx context.Context, out io.Writer) error {
	pending, err := migrate.Plan(ctx, a.db, a.migrateOptions())
	for _, m := range pending {
		fmt.Fprintln(out, m.File)
	}
	if err == nil && len(pending) == 0 {
		fmt.Fprintln(out, "No migrations to apply.")
	}
	return err
}
