package quintet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

const defaultDocument = "api/openapi.yaml"

// document is what the command openapi was asked for.
type document struct {
	out    string
	format string // "json" or "yaml"
	check  bool
}

func (a *App) openAPICommand() *cobra.Command {
	d := document{}
	cmd := &cobra.Command{
		Use:   "openapi",
		Short: "Write the OpenAPI document of the API, or compare it with the file",
		Long:  "The document is derived from the registered resources; no database is needed. \"--out -\" prints it.",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.runOpenAPI(cmd, d) },
	}
	cmd.Flags().StringVar(&d.out, "out", defaultDocument, "file to write")
	cmd.Flags().StringVar(&d.format, "format", "yaml", "yaml or json")
	cmd.Flags().BoolVar(&d.check, "check", false, "write nothing; fail when the file is not what would be written")
	return cmd
}

func (a *App) runOpenAPI(cmd *cobra.Command, d document) error {
	if d.format != "yaml" && d.format != "json" {
		return fmt.Errorf("--format %q is unknown; write yaml or json", d.format)
	}
	text, err := a.document(cmd, d.format)
	if err != nil {
		return err
	}
	switch {
	case d.check:
		return compareDocument(d.out, text)
	case d.out == "-":
		_, err := cmd.OutOrStdout().Write(text)
		return err
	}
	return writeWhole(d.out, 0o644, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// document compiles the API on a database in memory, which nothing is read from.
func (a *App) document(cmd *cobra.Command, format string) ([]byte, error) {
	config, err := LoadConfig([]string{"DATABASE_URL=sqlite::memory:"})
	if err != nil {
		return nil, err
	}
	if err := a.Open(commandContext(cmd), config, cmd.ErrOrStderr()); err != nil {
		return nil, err
	}
	defer a.Close()
	if _, err := a.Handler(); err != nil {
		return nil, err
	}
	document := a.api.OpenAPI(a.DocumentInfo())
	if format == "json" {
		return document.JSON(), nil
	}
	return document.YAML()
}

func compareDocument(name string, want []byte) error {
	got, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("%w; write it with the command openapi", err)
	}
	if !bytes.Equal(got, want) {
		return errors.New(name + " is out of date; write it anew with the command openapi and look at the difference")
	}
	return nil
}
