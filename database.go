package quintet

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/migrate"
)

// migrateOptions are what the application's migrations need.
func (a *App) migrateOptions() migrate.Options {
	return migrate.Options{FS: a.options.Migrations, Steps: a.options.Steps, Logger: a.log, After: a.afterMigrate()}
}

// checkMigrated refuses a database that the code does not fit: an older one needs the command migrate, a newer one newer code.
func (a *App) checkMigrated(ctx context.Context) error {
	if a.options.Migrations == nil {
		return nil
	}
	pending, err := migrate.Plan(ctx, a.db, a.migrateOptions())
	if err != nil || len(pending) == 0 {
		return err
	}
	files := make([]string, len(pending))
	for i, m := range pending {
		files[i] = m.File
	}
	return fmt.Errorf("the database lacks %d migration(s), the first is %s: run %q, or set QUINTET_AUTO_MIGRATE=true",
		len(pending), strings.Join(files[:1], ""), a.options.Name+" migrate")
}

// afterMigrate is what a migrated database needs besides its tables: the rows of content types and permissions.
func (a *App) afterMigrate() []func(context.Context, *gorm.DB) error {
	permissions := func(ctx context.Context, tx *gorm.DB) error {
		return a.users.With(tx).EnsurePermissions(ctx, a.registry)
	}
	return []func(context.Context, *gorm.DB) error{permissions}
}
