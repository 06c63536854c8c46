package orm_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// djangoRows are a row as Django's backends write it.
var djangoRows = map[string]string{
	orm.SQLite: `INSERT INTO library_book VALUES ('0b5cf3a441a54d0e8a395d3a1c0f00aa', '1', 't', 'sad', '10.50', '0.100', 1, 2.5, 1,
		'1965-08-01', '08:30:00', 93784000005, '{"a": 1.50}', 'covers/x.png', X'00ff', '2026-03-01 11:00:00', NULL,
		'2026-03-01 11:00:00.000123', '2026-03-01 11:00:00', 1, 'ffffffff41a54d0e8a395d3a1c0f00aa')`,
	orm.Postgres: `INSERT INTO library_book VALUES ('0b5cf3a4-41a5-4d0e-8a39-5d3a1c0f00aa', '1', 't', 'sad', 10.50, 0.100, 1, 2.5, true,
		'1965-08-01', '08:30:00', '1 day 02:03:04.000005', '{"a": 1.50}', 'covers/x.png', '\x00ff', '2026-03-01 12:00:00+01', NULL,
		'2026-03-01 11:00:00.000123+00', '2026-03-01 11:00:00+00', 1, 'ffffffff-41a5-4d0e-8a39-5d3a1c0f00aa')`,
}

func TestReadsWhatDjangoWrote(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		create(t, db, &Shelf{Name: "s"})
		var got Book
		err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
			if err := tx.Exec(djangoRows[db.Dialect()]).Error; err != nil {
				return err
			}
			if err := tx.First(&got).Error; err != nil {
				return err
			}
			return errStop // the sequel does not exist, so a commit would fail
		})
		if err != errStop {
			t.Fatal(err)
		}
		for name, c := range map[string][2]any{
			"id": {got.ID, uuid.MustParse("0b5cf3a4-41a5-4d0e-8a39-5d3a1c0f00aa")}, "sequel": {*got.SequelID, uuid.MustParse("ffffffff-41a5-4d0e-8a39-5d3a1c0f00aa")},
			"price": {got.Price.String(), "10.50"}, "discount": {got.Discount.String(), "0.100"}, "weight": {*got.Weight, 2.5}, "lent": {got.Lent, true},
			"published": {got.Published.String(), "1965-08-01"}, "opens": {got.Opens.String(), "08:30:00"}, "reading": {got.Reading.String(), "1 02:03:04.000005"},
			"notes": {got.Notes.String(), `{"a": 1.50}`}, "cover": {*got.Cover, orm.File("covers/x.png")}, "scan": {string(got.Scan), "\x00\xff"},
			"seen": {*got.Seen, time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)}, "added": {got.AddedAt, time.Date(2026, 3, 1, 11, 0, 0, 123000, time.UTC)},
		} {
			if c[0] != c[1] {
				t.Errorf("%s is %v, want %v", name, c[0], c[1])
			}
		}
		if got.Address != nil {
			t.Errorf("the address is %q", *got.Address)
		}
	})
}

// TestDecimalsOfAnyStorage has the forms in which SQLite keeps a decimal, and what GORM makes of each.
func TestDecimalsOfAnyStorage(t *testing.T) {
	db := ormtest.Open(t, libraryTemplate.SQLite(t))
	create(t, db, &Shelf{Name: "s"}, newBook(t, "1", 1))
	for stored, want := range map[string]string{
		"10": "10.00", "10.5": "10.50", "'10.50'": "10.50", "-0.5": "-0.50", "123456.78": "123456.78", "0": "0.00", "'1e2'": "100.00", "0.1 + 0.2": "0.30",
	} {
		if _, err := db.SQL.Exec("UPDATE library_book SET price = " + stored); err != nil {
			t.Fatal(err)
		}
		var one Book
		var many []*Book
		var values []orm.Decimal
		g := db.Gorm.WithContext(t.Context())
		if err := g.First(&one).Error; err != nil || one.Price.String() != want {
			t.Errorf("%s is read as %v, %v; want %s", stored, one.Price, err, want)
		}
		if err := g.Find(&many).Error; err != nil || many[0].Price.String() != want {
			t.Errorf("%s is read in a list as %v, %v; want %s", stored, many[0].Price, err, want)
		}
		if err := g.Model(&Book{}).Pluck("price", &values).Error; err != nil || values[0].Cmp(orm.MustDecimal(want)) != 0 {
			t.Errorf("%s is plucked as %v, %v", stored, values, err)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2024-02-29", "0001-01-01", "9999-12-31", "2024-02-30"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := orm.ParseDate(s); err == nil && d.String() != s {
			t.Errorf("%q is read as %v", s, d)
		}
	})
}

func FuzzParseTimeOfDay(f *testing.F) {
	for _, s := range []string{"10:20", "10:20:30", "10:20:30.5", "24:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := orm.ParseTimeOfDay(s)
		if err != nil {
			return
		}
		if back, err := orm.ParseTimeOfDay(v.String()); err != nil || back != v {
			t.Errorf("%q is %v, which comes back as %v, %v", s, v, back, err)
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"shelf__name", "subjects__books__loans", "pk", "____", "shelf__x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := library(t).Model(Book{})
		p, rest := m.PathPrefix(s)
		if whole, err := m.Path(s); (err == nil) != (len(rest) == 0) || err == nil && show(whole) != show(p) {
			t.Errorf("%q: %s and %q, but %s, %v", s, show(p), rest, show(whole), err)
		}
	})
}
