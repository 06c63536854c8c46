package quintet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/quintet-go/quintet/migrate"
)

func (a *App) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the API (what happens without a command)",
		Long: "Listens on QUINTET_ADDR. On SQLite it first creates the file, applies migrations and, the first time, loads the\n" +
			"demo data and makes an administrator. SIGTERM ends it gracefully, a second one at once.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runServe(cmd) },
	}
}

// runServe takes the address before it touches the database: a second server that is started by mistake changes nothing.
func (a *App) runServe(cmd *cobra.Command) error {
	config, err := LoadConfig(a.options.environ())
	if err != nil {
		return err
	}
	ctx, stop := untilSignal(commandContext(cmd))
	defer stop()
	ln, err := listen(config.Addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	if err := a.Open(ctx, config, cmd.ErrOrStderr()); err != nil {
		return err
	}
	defer a.Close()
	return a.prepareAndServe(ctx, ln, cmd.OutOrStdout())
}

// startOver is when the first requests have found what they need again and again: it would be fetched twice if it were
// given back before them.
const startOver = 250 * time.Millisecond

// prepareAndServe brings the database up to date, says where the server is, and serves.
func (a *App) prepareAndServe(ctx context.Context, ln net.Listener, out io.Writer) error {
	first := a.newFirstStart()
	h, err := a.Handler()
	if err != nil {
		return err
	}
	if err := a.prepare(ctx, first, out); err != nil {
		return err
	}
	if err := os.MkdirAll(a.config.MediaDir, 0o755); err != nil {
		return fmt.Errorf("media folder: %w; make it and give it to the user that runs this program, or set QUINTET_MEDIA_DIR", err)
	}
	a.announce(out, ln.Addr().String())
	defer time.AfterFunc(startOver, releaseProgram).Stop()
	defer keepHeapFloor(heapFloor)()
	return a.serveHandler(ctx, ln, h)
}

// prepare migrates, or makes sure that somebody has, and fills the database at the first start.
func (a *App) prepare(ctx context.Context, first *firstStart, out io.Writer) error {
	if a.options.Migrations == nil || !a.config.autoMigrate() {
		return a.checkMigrated(ctx)
	}
	o := a.migrateOptions()
	if a.config.demo() {
		o.After = append(o.After, first.fill)
	}
	if _, err := migrate.Migrate(ctx, a.db, o); err != nil {
		return err
	}
	return first.report(out)
}

// announce prints where the server is, all at once: who waits for the first line has the others, too.
func (a *App) announce(out io.Writer, addr string) {
	base := "http://" + reachable(addr)
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s %s serves at %s\n", a.options.Name, a.options.Version, base)
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, link := range a.options.Links {
		fmt.Fprintf(t, "  %s%s\n", base, link)
	}
	_ = t.Flush()                  // into memory
	_, _ = out.Write(text.Bytes()) // as unimportant as the lines
	for _, hint := range a.config.hints() {
		a.log.Warn(hint)
	}
}

// reachable is an address that a browser on this machine can open: 0.0.0.0 is none.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(strings.Trim(host, "[]")); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
