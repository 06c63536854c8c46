package quintet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/quintet-go/quintet/migrate"
)

func (a *App) transferCommand() *cobra.Command {
	var to string
	var exclude []string
	cmd := &cobra.Command{
		Use:   "transfer --to postgres://…",
		Short: "Copy the whole database to another one, from SQLite to PostgreSQL or back, all or nothing",
		Long: "Copies every row of the configured database (DATABASE_URL) to an empty one, whose tables it makes by the migrations, and " +
			"compares the numbers of rows and the checksums of both before it commits. Stop the server before: what is written " +
			"meanwhile is not copied. Uploaded files are not in the database; they stay in the media folder.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.opened(cmd, func(ctx context.Context) error { return a.runTransfer(ctx, cmd.OutOrStdout(), to, exclude) })
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "URL of the database to fill: postgres://user:password@host:5432/name or sqlite:path")
	cmd.Flags().StringArrayVarP(&exclude, "exclude", "e", nil, "table to leave out (may be repeated)")
	_ = cmd.MarkFlagRequired("to") // it exists
	return cmd
}

// derivedTables are those that migrate fills in each database.
var derivedTables = []string{"django_content_type", "auth_permission"}

func (a *App) runTransfer(ctx context.Context, out io.Writer, to string, exclude []string) error {
	started := time.Now()
	target, err := a.openDatabase(ctx, to)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer target.Close()
	copied, err := migrate.Transfer(ctx, a.db, target, migrate.TransferOptions{
		Migrations: a.migrateOptions(), Exclude: exclude, Derived: derivedTables, Logger: a.log,
	})
	if err != nil {
		return err
	}
	return errors.Join(printCopied(out, copied), printCost(out, time.Since(started)))
}

// printCopied prints a line for each table; what it prints is the same in both databases.
func printCopied(out io.Writer, copied []migrate.Copied) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "table\trows\tchecksum")
	rows := int64(0)
	for _, c := range copied {
		fmt.Fprintf(w, "%s\t%d\t%s\n", c.Table, c.Rows, c.Checksum())
		rows += c.Rows
	}
	fmt.Fprintf(w, "%d tables\t%d\tequal in both databases\n", len(copied), rows)
	return w.Flush()
}

func printCost(out io.Writer, took time.Duration) error {
	_, err := fmt.Fprintf(out, "Transferred in %s, with %d MiB of memory at most. Uploaded files are not in the database: they are where they were.\n",
		took.Round(time.Millisecond), peakMemory()>>20)
	return err
}
