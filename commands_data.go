package quintet

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quintet-go/quintet/migrate"
)

func (a *App) loadDataCommand() *cobra.Command {
	var o migrate.LoadOptions
	var app string
	cmd := &cobra.Command{
		Use:   "loaddata fixture…",
		Short: "Load Django fixtures, all of them or nothing",
		Long: "Objects replace the rows of the same primary or natural key. A fixture is a file, compressed when its name ends with .gz, " +
			"or \"-\" for standard input. Without an ending, .json and .json.gz are tried. What is not here is looked for in the " +
			"folders fixtures and APP/fixtures.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error {
			return a.opened(cmd, func(ctx context.Context) error { return a.runLoadData(ctx, cmd, o, app, names) })
		},
	}
	cmd.Flags().BoolVarP(&o.IgnoreUnknown, "ignorenonexistent", "i", false, "skip models and fields that do not exist")
	cmd.Flags().StringArrayVarP(&o.Exclude, "exclude", "e", nil, "app or app.model to leave out (may be repeated)")
	cmd.Flags().StringVar(&app, "app", "", "look for the fixtures in the folder APP/fixtures only")
	return cmd
}

func (a *App) runLoadData(ctx context.Context, cmd *cobra.Command, o migrate.LoadOptions, app string, names []string) error {
	if err := a.checkMigrated(ctx); err != nil {
		return err
	}
	sources, closeAll, err := openSources(cmd.InOrStdin(), app, names)
	defer closeAll()
	if err != nil {
		return err
	}
	loaded, err := migrate.LoadData(ctx, a.db.Gorm, a.registry, o, sources...)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "Installed %d object(s) from %d fixture(s), skipped %d.\n", loaded.Objects, len(names), loaded.Skipped)
	return err
}

// openSources opens every fixture; closeAll closes those that were opened, also beside an error.
func openSources(stdin io.Reader, app string, names []string) (sources []migrate.Source, closeAll func(), err error) {
	var opened []*os.File
	closeAll = func() {
		for _, f := range opened {
			_ = f.Close() // was only read
		}
	}
	for _, name := range names {
		if name == "-" {
			sources = append(sources, migrate.Source{Name: "standard input", Reader: stdin})
			continue
		}
		if name, err = findFixture(name, app); err != nil {
			return nil, closeAll, err
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, closeAll, fmt.Errorf("fixture: %w", err)
		}
		opened = append(opened, f)
		source := migrate.Source{Name: name, Reader: f}
		if strings.HasSuffix(name, ".gz") {
			if source.Reader, err = gzip.NewReader(f); err != nil {
				return nil, closeAll, fmt.Errorf("fixture %s: %w", name, err)
			}
		}
		sources = append(sources, source)
	}
	return sources, closeAll, nil
}

// findFixture finds the one file that a name stands for.
func findFixture(name, app string) (string, error) {
	endings := []string{""}
	if !strings.HasSuffix(name, ".json") && !strings.HasSuffix(name, ".gz") {
		endings = []string{"", ".json", ".json.gz"}
	}
	folders := fixtureFolders(name, app)
	var found []string
	for _, folder := range folders {
		for _, ending := range endings {
			file := filepath.Join(folder, name+ending)
			if info, err := os.Stat(file); err == nil && !info.IsDir() {
				found = append(found, file)
			}
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("fixture %s: there is no such file in %s", name, strings.Join(folders, ", "))
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("fixture %s: it could be %s; give the path of one", name, strings.Join(found, " or "))
}

// fixtureFolders are those that Django looks into.
func fixtureFolders(name, app string) []string {
	switch {
	case filepath.IsAbs(name):
		return []string{""}
	case app != "":
		return []string{filepath.Join(app, "fixtures")}
	}
	ofApps, _ := filepath.Glob("*/fixtures") // the pattern is right
	return append([]string{".", "fixtures"}, ofApps...)
}

func (a *App) dumpDataCommand() *cobra.Command {
	var o migrate.DumpOptions
	var output string
	cmd := &cobra.Command{
		Use:   "dumpdata [app | app.model]…",
		Short: "Write the database, or some of its models, as a Django fixture",
		RunE: func(cmd *cobra.Command, labels []string) error {
			o.Labels = labels
			return a.opened(cmd, func(ctx context.Context) error { return a.runDumpData(ctx, cmd.OutOrStdout(), o, output) })
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "", "file to write, whole or not at all, compressed when its name ends with .gz (default: standard output)")
	f.StringArrayVarP(&o.Exclude, "exclude", "e", nil, "app or app.model to leave out (may be repeated)")
	f.StringSliceVar(&o.PKs, "pks", nil, "primary keys of the objects to write, with commas between them; of one model")
	f.BoolP("all", "a", true, "all rows, which is what it always writes; Django's models may hide some")
	f.IntVar(&o.Indent, "indent", 0, "spaces a level; 0 writes one line")
	f.BoolVar(&o.NaturalForeign, "natural-foreign", false, "refer by natural keys")
	f.BoolVar(&o.NaturalPrimary, "natural-primary", false, "leave out primary keys of objects with natural keys")
	return cmd
}

func (a *App) runDumpData(ctx context.Context, out io.Writer, o migrate.DumpOptions, output string) error {
	if output == "" {
		o.Out = out
		return migrate.DumpData(ctx, a.db, a.registry, o)
	}
	const private = 0o600 // there are hashes of passwords in it
	return writeWhole(output, private, func(w io.Writer) error {
		o.Out = w
		if !strings.HasSuffix(output, ".gz") {
			return migrate.DumpData(ctx, a.db, a.registry, o)
		}
		packed := gzip.NewWriter(w)
		o.Out = packed
		return errors.Join(migrate.DumpData(ctx, a.db, a.registry, o), packed.Close())
	})
}

// writeWhole puts a file in place only when it is complete; what was there before stays otherwise. A new file gets
// the permissions, one that is replaced keeps its own.
func writeWhole(name string, permissions os.FileMode, fill func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already when all went well
	if before, err := os.Stat(name); err == nil {
		permissions = before.Mode().Perm()
	}
	if err := errors.Join(fill(f), f.Chmod(permissions), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
