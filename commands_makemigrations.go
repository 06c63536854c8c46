package quintet

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
)

// makeMigrations is what the command makemigrations was asked for.
type makeMigrations struct {
	folder, name                                              string
	renames, defaults                                         []string
	check, dryRun, empty, baseline, merge, noRenames, noInput bool
}

func (a *App) makeMigrationsCommand() *cobra.Command {
	m := makeMigrations{}
	cmd := &cobra.Command{
		Use:   "makemigrations [app]",
		Short: "Write the migrations that lead to what the models want",
		Long: "Compares the models with the schema that the last migration has recorded; no database is needed. It writes SQL for " +
			"SQLite and for PostgreSQL, there and back, and the schema it leads to. What was renamed it asks, or is told by --rename.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runMakeMigrations(cmd, m, args) },
	}
	f := cmd.Flags()
	f.StringVar(&m.folder, "dir", "migrations", "folder with sqlite, postgres and state")
	f.StringVarP(&m.name, "name", "n", "", "name of the migration, in place of one made of what it does")
	f.StringArrayVar(&m.renames, "rename", nil, "app.model.old=new for a field, app.old=new for a model; may be repeated")
	f.BoolVar(&m.noRenames, "no-renames", false, "what is gone and what is new have nothing to do with each other")
	f.StringArrayVar(&m.defaults, "default", nil, "app.model.field=value for the rows that are there; may be repeated")
	f.BoolVar(&m.check, "check", false, "write nothing; fail when the models have changed")
	f.BoolVar(&m.dryRun, "dry-run", false, "write nothing; print what would be written")
	f.BoolVar(&m.empty, "empty", false, "write a migration of the app that does nothing yet, for SQL of your own")
	f.BoolVar(&m.baseline, "baseline", false, "record that the last migration, written by hand, leads to what the models want")
	f.BoolVar(&m.merge, "merge", false, "bring migrations that two branches added side by side in order")
	f.BoolVar(&m.noInput, "no-input", false, "ask nothing; fail where a question would be")
	cmd.MarkFlagsMutuallyExclusive("check", "dry-run")
	cmd.MarkFlagsMutuallyExclusive("check", "empty", "baseline", "merge")
	return cmd
}

func (a *App) runMakeMigrations(cmd *cobra.Command, m makeMigrations, args []string) error {
	if m.empty != (len(args) == 1) {
		return errors.New("--empty goes with the app that the migration is for: makemigrations catalog --empty")
	}
	registry, err := orm.NewRegistry(a.models()...)
	if err != nil {
		return err
	}
	opts, err := a.makeOptions(cmd, m, registry)
	if err != nil {
		return err
	}
	if m.merge {
		return m.runMerge(cmd.OutOrStdout(), opts)
	}
	drafts, err := m.drafts(migrate.SchemaOf(registry), opts, args)
	if err != nil {
		return err
	}
	return m.deliver(cmd.OutOrStdout(), drafts)
}

func (m makeMigrations) drafts(wanted *migrate.Schema, opts migrate.MakeOptions, args []string) ([]*migrate.Draft, error) {
	var draft *migrate.Draft
	var err error
	switch {
	case m.empty:
		draft, err = migrate.Empty(args[0], opts)
	case m.baseline:
		draft, err = migrate.Baseline(wanted, opts)
	default:
		return migrate.Make(wanted, opts)
	}
	return []*migrate.Draft{draft}, err
}

// makeOptions reads the flags. The models' own defaults come first, those of the command line replace them.
func (a *App) makeOptions(cmd *cobra.Command, m makeMigrations, registry *orm.Registry) (migrate.MakeOptions, error) {
	opts := migrate.MakeOptions{
		FS: os.DirFS(m.folder), Steps: a.options.Steps, Name: m.name, Renames: m.renames, NoRenames: m.noRenames,
		Defaults: migrate.DefaultsOf(registry),
	}
	if _, err := fs.Stat(opts.FS, "."); err != nil {
		return opts, fmt.Errorf("the folder of the migrations: %w; say --dir, or make it", err)
	}
	for _, text := range m.defaults {
		field, value, ok := strings.Cut(text, "=")
		if !ok || strings.Count(field, ".") != 2 {
			return opts, fmt.Errorf("--default %q: write app.model.field=value", text)
		}
		opts.Defaults[field] = value
	}
	if !m.noInput && answers(cmd.InOrStdin()) {
		opts.Ask = newPrompt(cmd).asker()
	}
	return opts, nil
}

// answers tells whether somebody is there to be asked: a terminal, or a reader that a program has put in its place.
func answers(in io.Reader) bool {
	file, ok := in.(*os.File)
	return !ok || isTerminal(file)
}

// asker asks about migrations.
func (p *prompt) asker() *migrate.Asker {
	return &migrate.Asker{
		Renamed: func(old, name string) (bool, error) {
			fmt.Fprintf(p.out, "Was %s renamed to %s? [y/N]: ", old, name)
			answer, err := p.read()
			return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes"), err
		},
		Default: func(field string, t migrate.ColumnType) (string, error) {
			fmt.Fprintf(p.out, "%s (%s) may not be NULL. What do the rows that are there get? ", field, t)
			return p.read()
		},
	}
}

// deliver writes the drafts, or only says what they are.
func (m makeMigrations) deliver(out io.Writer, drafts []*migrate.Draft) error {
	if len(drafts) == 0 {
		fmt.Fprintln(out, "No changes detected.")
		return nil
	}
	for _, d := range drafts {
		fmt.Fprintf(out, "%s\n", d.Name)
		for _, operation := range d.Operations {
			fmt.Fprintf(out, "  - %s\n", operation)
		}
		if err := m.write(out, d); err != nil {
			return err
		}
	}
	if m.check {
		return errors.New("the models have changed since the last migration: run makemigrations and commit what it writes")
	}
	return nil
}

func (m makeMigrations) write(out io.Writer, d *migrate.Draft) error {
	switch {
	case m.check:
		return nil
	case !m.dryRun:
		return d.Write(m.folder)
	}
	for _, f := range d.Files {
		fmt.Fprintf(out, "\n%s:\n%s", f.Path, f.Text)
	}
	return nil
}

// runMerge brings branches in order.
func (m makeMigrations) runMerge(out io.Writer, opts migrate.MakeOptions) error {
	merged, err := migrate.Merge(opts)
	if err != nil {
		return err
	}
	if merged == nil {
		fmt.Fprintln(out, "Nothing to merge.")
		return nil
	}
	for _, move := range merged.Moves {
		fmt.Fprintf(out, "%s → %s\n", move.From, move.To)
	}
	if m.dryRun {
		return nil
	}
	return merged.Write(m.folder)
}
