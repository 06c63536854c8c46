package quintet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"github.com/quintet-go/quintet/migrate/inspect"
	"github.com/quintet-go/quintet/orm"
)

// inspectDB is what the command inspectdb was asked for.
type inspectDB struct {
	app, pkg, output                    string
	resources, views, partitions, force bool
}

func (a *App) inspectDBCommand() *cobra.Command {
	i := inspectDB{}
	cmd := &cobra.Command{
		Use:   "inspectdb [table…]",
		Short: "Write models, and whole resources, for the tables of an existing database",
		Long: "Reads the database that DATABASE_URL names and prints Go models for its tables, or for the tables and views that are " +
			"named. Nothing is changed there. --resources writes a project that serves them at once.",
		RunE: func(cmd *cobra.Command, args []string) error { return a.runInspectDB(cmd, i, args) },
	}
	f := cmd.Flags()
	f.StringVar(&i.app, "app", "", "app label of the models and name of the files; the name of the database unless given")
	f.StringVar(&i.pkg, "package", "models", "package of the models that are printed")
	f.StringVarP(&i.output, "output", "o", "", "folder of a project to write to, in place of printing")
	f.BoolVar(&i.resources, "resources", false, "write serializers, viewsets, routes and a main package too")
	f.BoolVar(&i.views, "include-views", false, "views too")
	f.BoolVar(&i.partitions, "include-partitions", false, "PostgreSQL's partitions too")
	f.BoolVar(&i.force, "force", false, "replace files that are there")
	cmd.MarkFlagsMutuallyExclusive("package", "output")
	cmd.MarkFlagsMutuallyExclusive("package", "resources")
	return cmd
}

func (a *App) runInspectDB(cmd *cobra.Command, i inspectDB, tables []string) error {
	return a.openedToLook(cmd, func(ctx context.Context) error {
		database, err := inspect.Read(ctx, a.db, inspect.Options{Tables: tables, Views: i.views, Partitions: i.partitions})
		if err != nil {
			return err
		}
		naming := inspect.Naming{App: i.app}
		if len(tables) == 0 {
			if naming.Known, err = known(); err != nil {
				return err
			}
		}
		program := inspect.Draft(database, naming)
		for _, problem := range program.Problems {
			fmt.Fprintln(cmd.ErrOrStderr(), problem)
		}
		if len(program.Models) == 0 {
			return errors.New("there is no table to write a model for; DATABASE_URL names the database, its search_path the schema")
		}
		return i.deliver(cmd.OutOrStdout(), program)
	})
}

// known are the models that every application has.
func known() ([]*orm.Model, error) {
	registry, err := orm.NewRegistry(new(App).models()...)
	if err != nil {
		return nil, err
	}
	return registry.Models(), nil
}

// openedToLook is opened with a key that nobody keeps: a database that is only looked at needs none, nor one beside its file.
func (a *App) openedToLook(cmd *cobra.Command, f func(ctx context.Context) error) error {
	return a.openedWith(cmd, append(slices.Clone(a.options.environ()), "QUINTET_SECRET_KEY="+newKey()), f)
}

// deliver prints the models, or writes files.
func (i inspectDB) deliver(out io.Writer, program *inspect.Program) error {
	if i.output == "" && !i.resources {
		text, err := program.ModelsSource(i.pkg)
		if err != nil {
			return err
		}
		_, err = out.Write(text)
		return err
	}
	files, err := i.files(program)
	if err != nil {
		return err
	}
	return i.write(out, files)
}

func (i inspectDB) files(program *inspect.Program) ([]inspect.File, error) {
	if !i.resources {
		models, err := program.ModelsFile()
		return []inspect.File{models}, err
	}
	module, err := moduleOf(i.output)
	if err != nil {
		return nil, err
	}
	return program.Resources(module)
}

// write writes all files or, where one is there that nobody said to replace, none. A main package stays in any case.
func (i inspectDB) write(out io.Writer, files []inspect.File) error {
	var wanted []inspect.File
	for _, f := range files {
		_, err := os.Stat(filepath.Join(i.output, filepath.FromSlash(f.Path)))
		switch {
		case errors.Is(err, fs.ErrNotExist), err == nil && i.force && f.Path != inspect.MainFile:
			wanted = append(wanted, f)
		case err != nil:
			return err
		case f.Path != inspect.MainFile:
			return fmt.Errorf("%s is there already; say --force to replace it, or --app for files of another name", f.Path)
		}
	}
	for _, f := range wanted {
		name := filepath.Join(i.output, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Text, 0o644); err != nil {
			return err
		}
		fmt.Fprintln(out, name)
	}
	return nil
}

// moduleOf is the import path of a folder: that of the module around it and the way there.
func moduleOf(folder string) (string, error) {
	full, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	below := ""
	for dir := full; ; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if module := moduleLine.FindSubmatch(text); module != nil {
			return path.Join(string(module[1]), below), nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s is in no Go module: run go mod init example.com/shop there, and go get github.com/quintet-go/quintet", full)
		}
		below = path.Join(filepath.Base(dir), below)
	}
}

// moduleLine finds the path of a module in its go.mod.
var moduleLine = regexp.MustCompile(`(?m)^module\s+"?([^\s"]+)`)
