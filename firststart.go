package quintet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/migrate"
)

const adminName = "admin"

// firstStart fills a database in which nobody has an account yet: the demo data, and an administrator whose password is
// printed this one time.
type firstStart struct {
	app      *App
	password string
	hash     func() (string, error) // of the password; slow the first time
	done     bool
}

// newFirstStart chooses the password. Where the database is new, its hash is worked on while the server gets ready.
func (a *App) newFirstStart() *firstStart {
	f := &firstStart{app: a, password: rand.Text()}
	f.hash = sync.OnceValues(func() (string, error) {
		user := &identity.User{}
		err := a.users.HashPassword(a.life, user, f.password)
		return user.Password, err
	})
	if a.fresh && a.config.demo() {
		a.Go("first password", func(context.Context) { _, _ = f.hash() }) // fill sees the error
	}
	return f
}

// fill is a function for migrate.Options.After: it runs under the migration lock and in a transaction, so that neither two
// servers that start at once nor an interrupted start leave half of it behind.
func (f *firstStart) fill(ctx context.Context, tx *gorm.DB) error {
	empty, err := noUsers(tx)
	if err != nil || !empty {
		return err
	}
	if err := f.app.loadDemo(ctx, tx); err != nil {
		return fmt.Errorf("demo data: %w", err)
	}
	if err := f.createAdmin(ctx, tx); err != nil {
		return fmt.Errorf("first administrator: %w; the demo data must not have an account named %q", err, adminName)
	}
	f.done = true
	return nil
}

func (f *firstStart) createAdmin(ctx context.Context, tx *gorm.DB) error {
	encoded, err := f.hash()
	if err != nil {
		return err
	}
	user, err := f.app.users.With(tx).CreateSuperuser(ctx, identity.NewUser{Username: adminName, Email: "admin@example.com"})
	if err != nil {
		return err
	}
	return tx.Model(&identity.User{}).Where("id = ?", user.ID).UpdateColumn("password", encoded).Error
}

// report prints the password, after everything is stored.
func (f *firstStart) report(out io.Writer) error {
	if !f.done {
		return nil
	}
	_, err := fmt.Fprintf(out, "First start: made the administrator %q with the password %s (it is not shown again).\n", adminName, f.password)
	return err
}

func noUsers(tx *gorm.DB) (bool, error) {
	var ids []int64
	if err := tx.Model(&identity.User{}).Limit(1).Pluck("id", &ids).Error; err != nil {
		return false, fmt.Errorf("looking for accounts: %w", err)
	}
	return len(ids) == 0, nil
}

// loadDemo copies the media files of Options.Demo and loads the fixtures at its root.
func (a *App) loadDemo(ctx context.Context, tx *gorm.DB) error {
	if a.options.Demo == nil {
		return nil
	}
	names, err := fs.Glob(a.options.Demo, "*.json")
	if err != nil {
		return err
	}
	if err := a.copyMedia(); err != nil {
		return err
	}
	return a.loadFixtures(ctx, tx, names)
}

// loadFixtures loads files of Options.Demo.
func (a *App) loadFixtures(ctx context.Context, tx *gorm.DB, names []string) error {
	var sources []migrate.Source
	var opened []fs.File
	defer func() {
		for _, f := range opened {
			_ = f.Close() // was only read
		}
	}()
	for _, name := range names {
		f, err := a.options.Demo.Open(name)
		if err != nil {
			return err
		}
		opened = append(opened, f)
		sources = append(sources, migrate.Source{Name: name, Reader: f})
	}
	_, err := migrate.LoadData(ctx, tx, a.registry, migrate.LoadOptions{}, sources...)
	return err
}

// copyMedia copies what is below media/ and not there yet.
func (a *App) copyMedia() error {
	media, err := fs.Sub(a.options.Demo, "media")
	if err != nil {
		return err
	}
	return fs.WalkDir(media, ".", func(name string, entry fs.DirEntry, err error) error {
		if name == "." && errors.Is(err, fs.ErrNotExist) {
			return fs.SkipAll // there are none
		}
		if err != nil {
			return err
		}
		target := filepath.Join(a.config.MediaDir, filepath.FromSlash(name))
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		return copyFile(media, name, target)
	})
}

// copyFile writes a new file; one that is there is left alone.
func copyFile(from fs.FS, name, target string) error {
	content, err := fs.ReadFile(from, name)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
