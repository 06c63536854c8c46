package quintet

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quintet-go/quintet/migrate"
)

// Main runs the command that the program was called with and returns the exit status: 0, or 1 after an error, which is
// printed on standard error.
func (a *App) Main() int {
	if err := a.Command().Execute(); err != nil {
		return 1
	}
	return 0
}

// Command is the program: serve without arguments, and everything else an operator needs. A caller may add commands to it.
func (a *App) Command() *cobra.Command {
	root := &cobra.Command{
		Use:           a.options.Name,
		Short:         "Serve " + a.options.Name + " and look after its data",
		Long:          "Without a command it serves. docs/configuration.md lists the environment variables that it reads.",
		Args:          cobra.NoArgs,
		Version:       a.options.Version,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return a.runServe(cmd) },
		SilenceErrors: false,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(a.serveCommand(), a.makeMigrationsCommand(), a.migrateCommand(), a.showMigrationsCommand(),
		a.sqlMigrateCommand(), a.inspectDBCommand(), a.loadDataCommand(), a.dumpDataCommand(), a.transferCommand(),
		a.createSuperuserCommand(), a.changePasswordCommand(), a.checkCommand(), a.openAPICommand(), a.versionCommand(),
		a.healthCheckCommand())
	return root
}

// opened runs f with the application opened as the environment says, and closes it afterwards.
func (a *App) opened(cmd *cobra.Command, f func(ctx context.Context) error) error {
	return a.openedWith(cmd, a.options.environ(), f)
}

// openedWith is opened in another environment.
func (a *App) openedWith(cmd *cobra.Command, environ []string, f func(ctx context.Context) error) error {
	config, err := LoadConfig(environ)
	if err != nil {
		return err
	}
	ctx := commandContext(cmd)
	if err := a.Open(ctx, config, cmd.ErrOrStderr()); err != nil {
		return err
	}
	defer a.Close()
	return f(ctx)
}

// commandContext is the context that a caller of ExecuteContext gave, or one that never ends.
func commandContext(cmd *cobra.Command) context.Context {
	if ctx := cmd.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}

func (a *App) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of the program, of its source and of Go",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s %s (revision %s, %s, %s/%s)\n",
				a.options.Name, a.options.Version, builtRevision(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// builtRevision is the revision of the source that the binary was built from.
func builtRevision() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "unknown"
}

func (a *App) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check configuration, models, routes and the database without serving",
		Long:  "Reports every mistake that would keep the server from starting, with what to do about it.",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.runCheck(cmd) },
	}
}

func (a *App) runCheck(cmd *cobra.Command) error {
	return a.opened(cmd, func(ctx context.Context) error {
		if _, err := a.Handler(); err != nil {
			return err
		}
		if err := a.printDrift(ctx, cmd.OutOrStdout()); err != nil {
			return err
		}
		if err := a.checkMigrated(ctx); err != nil {
			return err
		}
		for _, hint := range a.config.hints() {
			fmt.Fprintln(cmd.OutOrStdout(), "note:", hint)
		}
		_, err := fmt.Fprintln(cmd.OutOrStdout(), "No mistakes found.")
		return err
	})
}

// printDrift names the tables that somebody else has changed: Django beside, or a hand.
func (a *App) printDrift(ctx context.Context, out io.Writer) error {
	if a.options.Migrations == nil {
		return nil
	}
	tables, err := migrate.Drift(ctx, a.db, a.migrateOptions())
	if err != nil {
		_, err = fmt.Fprintln(out, "note: what stands could not be compared with the migrations:", err)
		return err
	}
	for _, t := range tables {
		for line := range strings.Lines(t.String()) {
			fmt.Fprintln(out, "note:", strings.TrimSpace(line))
		}
	}
	return nil
}

// hints are settings that are allowed and still worth a second look.
func (c Config) hints() []string {
	var hints []string
	if slices.Contains(c.AllowedHosts, "*") {
		hints = append(hints, `QUINTET_ALLOWED_HOSTS is "*": links in answers are made from any Host that a client sends; let the proxy in front check it`)
	}
	if c.Production() && len(c.TrustedProxies) == 0 {
		hints = append(hints, "QUINTET_TRUSTED_PROXIES is empty: behind a proxy all clients share its address, and links say http")
	}
	if c.Production() && !c.secureCookies() {
		hints = append(hints, "QUINTET_SECURE_COOKIES is false: session cookies also travel unencrypted")
	}
	if c.Production() && c.SQLite() {
		hints = append(hints, "the database is a SQLite file: fine for one server; several replicas need PostgreSQL")
	}
	return hints
}
