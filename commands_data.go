package quintet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/quintet-go/quintet/migrate"
)

func (a *App) loadDataCommand() *cobra.Command {
	var o migrate.LoadOptions
	cmd := &cobra.Command{
		Use:   "loaddata fixture.json…",
		Short: "Load Django fixtures, all of them or nothing",
		Long:  "Objects replace the rows of the same primary or natural key. \"-\" reads standard input.",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			return a.opened(cmd, func(ctx context.Context) error { return a.runLoadData(ctx, cmd, o, files) })
		},
	}
	cmd.Flags().BoolVarP(&o.IgnoreUnknown, "ignorenonexistent", "i", false, "skip models and fields that do not exist")
	cmd.Flags().StringArrayVarP(&o.Exclude, "exclude", "e", nil, "app or app.model to leave out (may be repeated)")
	return cmd
}

func (a *App) runLoadData(ctx context.Context, cmd *cobra.Command, o migrate.LoadOptions, files []string) error {
	if err := a.checkMigrated(ctx); err != nil {
		return err
	}
	sources, closeAll, err := openSources(cmd.InOrStdin(), files)
	defer closeAll()
	if err != nil {
		return err
	}
	loaded, err := migrate.LoadData(ctx, a.db.Gorm, a.registry, o, sources...)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "Installed %d object(s) from %d fixture(s), skipped %d.\n", loaded.Objects, len(files), loaded.Skipped)
	return err
}

// openSources opens every file; closeAll closes those that were opened, also beside an error.
func openSources(stdin io.Reader, files []string) (sources []migrate.Source, closeAll func(), err error) {
	var opened []*os.File
	closeAll = func() {
		for _, f := range opened {
			_ = f.Close() // was only read
		}
	}
	for _, name := range files {
		if name == "-" {
			sources = append(sources, migrate.Source{Name: "standard input", Reader: stdin})
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, closeAll, fmt.Errorf("fixture: %w", err)
		}
		opened = append(opened, f)
		sources = append(sources, migrate.Source{Name: name, Reader: f})
	}
	return sources, closeAll, nil
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
	f.StringVarP(&output, "output", "o", "", "file to write, whole or not at all (default: standard output)")
	f.StringArrayVarP(&o.Exclude, "exclude", "e", nil, "app or app.model to leave out (may be repeated)")
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
	return writeWhole(output, func(w io.Writer) error {
		o.Out = w
		return migrate.DumpData(ctx, a.db, a.registry, o)
	})
}

// writeWhole puts a file in place only when it is complete; what was there before stays otherwise.
func writeWhole(name string, fill func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already when all went well
	if err := errors.Join(fill(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
