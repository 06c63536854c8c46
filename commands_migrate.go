package quintet

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/quintet-go/quintet/migrate"
)

// migration is what the command migrate was asked for.
type migration struct {
	to                      string
	list, plan, fake, check bool
	adopt                   bool
}

func (a *App) migrateCommand() *cobra.Command {
	m := migration{}
	cmd := &cobra.Command{
		Use:   "migrate [migration]",
		Short: "Bring the database to the schema that this program expects",
		Long: "Applies pending migrations, each in a transaction, under a lock: several replicas may run it at once. Given a migration " +
			"(0007, 0007_catalog_initial, catalog.0001_initial, zero), it goes there: those behind it are undone, the last one first.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				m.to = args[0]
			}
			if m.check && m.to != "" {
				return a.checkMigrations(cmd.OutOrStdout(), m.to)
			}
			return a.opened(cmd, func(ctx context.Context) error { return a.runMigrate(ctx, cmd.OutOrStdout(), m) })
		},
	}
	cmd.Flags().BoolVar(&m.list, "list", false, "only show all migrations, [X] for those that are applied")
	cmd.Flags().BoolVar(&m.plan, "plan", false, "only show what would be done")
	cmd.Flags().BoolVar(&m.fake, "fake", false, "only note that it is done, without running any SQL")
	cmd.Flags().BoolVar(&m.check, "check", false, "only name what is dangerous in pending migrations, or in those behind the given one, "+
		"the last of the previous release; fail when there is something")
	cmd.Flags().BoolVar(&m.adopt, "adopt", false, "accept migrations that Django has applied beside, when the tables stand as this program left them")
	cmd.MarkFlagsMutuallyExclusive("list", "plan", "fake", "check")
	return cmd
}

func (a *App) showMigrationsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "showmigrations",
		Short: "Show all migrations, [X] for those that are applied",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.opened(cmd, func(ctx context.Context) error { return a.runMigrate(ctx, cmd.OutOrStdout(), migration{list: true}) })
		},
	}
}

var errNoMigrations = errors.New("this application declares no migrations: set Options.Migrations")

func (a *App) runMigrate(ctx context.Context, out io.Writer, m migration) error {
	switch {
	case a.options.Migrations == nil:
		return errNoMigrations
	case m.list:
		return a.listMigrations(ctx, out)
	case m.plan:
		return a.planMigrations(ctx, out, m)
	case m.check:
		return a.checkPending(ctx, out)
	}
	opts := a.migrateOptions()
	opts.Fake, opts.Adopt = m.fake, m.adopt
	if err := a.refuseUnadopted(ctx, opts, m.to); err != nil {
		return err
	}
	adoption, err := migrate.Adopt(ctx, a.db, opts)
	if err != nil {
		return err
	}
	adopted := printAdoption(out, adoption)
	undone, err := a.undoBehind(ctx, out, opts, m.to)
	if err != nil || m.to == migrate.Zero {
		return err
	}
	opts.To = m.to
	applied, err := migrate.Migrate(ctx, a.db, opts)
	for _, step := range applied {
		fmt.Fprintln(out, "applied", step.File)
	}
	if err == nil && len(applied)+undone+adopted == 0 {
		fmt.Fprintln(out, "No migrations to apply.")
	}
	return err
}

// refuseUnadopted refuses to go to one migration in a database that Django has laid and nobody has adopted: what stands behind
// it would be adopted and then undone, with Django's rows.
func (a *App) refuseUnadopted(ctx context.Context, opts migrate.Options, to string) error {
	if to == "" {
		return nil
	}
	adoption, err := migrate.PlanAdoption(ctx, a.db, opts)
	if err == nil && adoption != nil {
		return fmt.Errorf("tables of this database were laid by Django: adopt them first, by migrate without %q", to)
	}
	return err
}

// undoBehind undoes what is applied behind a migration, nothing when it is empty.
func (a *App) undoBehind(ctx context.Context, out io.Writer, opts migrate.Options, to string) (int, error) {
	if to == "" {
		return 0, nil
	}
	undone, err := migrate.Undo(ctx, a.db, opts, to)
	for _, step := range undone {
		fmt.Fprintln(out, "undone", step.File)
	}
	return len(undone), err
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

// printAdoption names what is adopted, and returns how many lines that are.
func printAdoption(out io.Writer, adoption *migrate.Adoption) int {
	if adoption == nil {
		return 0
	}
	for _, m := range adoption.Steps {
		fmt.Fprintln(out, "adopted", m.File)
	}
	for _, r := range adoption.Beside {
		fmt.Fprintln(out, "accepted", r)
	}
	return len(adoption.Steps) + len(adoption.Beside)
}

// planAdoption shows what would be adopted and applied then; nothing when Django is not concerned.
func (a *App) planAdoption(ctx context.Context, out io.Writer, opts migrate.Options) (bool, error) {
	adoption, err := migrate.PlanAdoption(ctx, a.db, opts)
	if err != nil || adoption == nil {
		return false, err
	}
	for _, m := range adoption.Steps {
		fmt.Fprintln(out, "adopt", m.File)
	}
	for _, r := range adoption.Beside {
		fmt.Fprintln(out, "accept", r)
	}
	for _, m := range adoption.Pending {
		fmt.Fprintln(out, m.File)
	}
	return true, nil
}

func (a *App) planMigrations(ctx context.Context, out io.Writer, m migration) error {
	opts := a.migrateOptions()
	opts.Fake, opts.Adopt = m.fake, m.adopt
	if err := a.refuseUnadopted(ctx, opts, m.to); err != nil {
		return err
	}
	if planned, err := a.planAdoption(ctx, out, opts); planned || err != nil {
		return err
	}
	return a.planSteps(ctx, out, opts, m.to)
}

// planSteps shows what would be undone and applied.
func (a *App) planSteps(ctx context.Context, out io.Writer, opts migrate.Options, to string) error {
	var undone []*migrate.Migration
	var err error
	if to != "" {
		if undone, err = migrate.PlanUndo(ctx, a.db, opts, to); err != nil {
			return err
		}
	}
	for _, m := range undone {
		fmt.Fprintln(out, "undo", m.File)
	}
	opts.To = to
	pending, err := migrate.Plan(ctx, a.db, opts)
	for _, m := range pending {
		fmt.Fprintln(out, m.File)
	}
	if err == nil && len(pending)+len(undone) == 0 {
		fmt.Fprintln(out, "No migrations to apply.")
	}
	return err
}

// checkPending names what is dangerous in the pending migrations.
func (a *App) checkPending(ctx context.Context, out io.Writer) error {
	states, err := migrate.Status(ctx, a.db, a.migrateOptions())
	if err != nil {
		return err
	}
	released := migrate.Zero
	for _, s := range states {
		if s.Applied {
			released = s.Name
		}
	}
	return a.checkMigrations(out, released)
}

// checkMigrations names what is dangerous behind the last migration of the previous release.
func (a *App) checkMigrations(out io.Writer, released string) error {
	if a.options.Migrations == nil {
		return errNoMigrations
	}
	dangers, err := migrate.Dangers(a.options.Migrations, released, a.options.Steps...)
	if err != nil {
		return err
	}
	for _, d := range dangers {
		fmt.Fprintln(out, d)
	}
	if len(dangers) > 0 {
		return fmt.Errorf("%d dangerous statement(s) for a database in use: go the way that is shown, or put a comment \"-- safe: why\" before the statement", len(dangers))
	}
	fmt.Fprintln(out, "No dangers found.")
	return nil
}
