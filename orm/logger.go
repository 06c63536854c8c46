package orm

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// slowStatement is what is logged as a warning.
const slowStatement = 500 * time.Millisecond

// gormLogger writes GORM's messages to slog. Failed statements are not logged here: their errors are returned, and many are
// expected.
type gormLogger struct{ log *slog.Logger }

func newLogger(log *slog.Logger) logger.Interface { return gormLogger{log} }

// LogMode does nothing: the level is slog's.
func (l gormLogger) LogMode(logger.LogLevel) logger.Interface { return l }

func (l gormLogger) Info(ctx context.Context, message string, args ...any) {
	l.log.InfoContext(ctx, fmt.Sprintf(message, args...))
}

func (l gormLogger) Warn(ctx context.Context, message string, args ...any) {
	l.log.WarnContext(ctx, fmt.Sprintf(message, args...))
}

func (l gormLogger) Error(ctx context.Context, message string, args ...any) {
	l.log.ErrorContext(ctx, fmt.Sprintf(message, args...))
}

// Trace is called after each statement.
func (l gormLogger) Trace(ctx context.Context, begin time.Time, describe func() (string, int64), err error) {
	took := time.Since(begin)
	level, message := slog.LevelDebug, "statement"
	if took >= slowStatement {
		level, message = slog.LevelWarn, "slow statement"
	}
	if !l.log.Enabled(ctx, level) {
		return
	}
	text, rows := describe()
	attrs := []slog.Attr{slog.String("sql", text), slog.Int64("rows", rows), slog.Duration("took", took)}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	l.log.LogAttrs(ctx, level, message, attrs...)
}

// ParamsFilter keeps arguments, and the secrets among them, out of the log.
func (l gormLogger) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) {
	return sql, nil
}

var _ gorm.ParamsFilter = gormLogger{}
