package orm_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
)

func full(t *testing.T) *Book {
	opens, err := orm.ParseTimeOfDay("08:30:00.000500")
	if err != nil {
		t.Fatal(err)
	}
	published, err := orm.ParseDate("1965-08-01")
	if err != nil {
		t.Fatal(err)
	}
	book := newBook(t, "1", 1)
	book.ID = uuid.MustParse("0b5cf3a4-41a5-4d0e-8a39-5d3a1c0f00aa")
	book.Price = orm.MustDecimal("10.50")
	book.Discount = ptr(orm.MustDecimal("-0.100"))
	book.Weight = ptr(0.5)
	book.Lent = false
	book.Published, book.Opens, book.Reading = &published, &opens, ptr(-90*orm.Minute)
	book.Notes = orm.JSON(`{"a": [1, null]}`)
	book.Cover = ptr(orm.File("covers/dune.png"))
	book.Scan = []byte{0, 255}
	book.Seen = ptr(time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("", 3600)))
	book.Address = ptr("10.0.0.1")
	return book
}

func TestModelsComeBackAsStored(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		create(t, db, &Shelf{Name: "s"})
		for name, book := range map[string]*Book{"full": full(t), "empty": newBook(t, "2", 1)} {
			create(t, db, book)
			var got Book
			if err := db.Gorm.WithContext(t.Context()).First(&got, "id = ?", book.ID).Error; err != nil {
				t.Fatal(err)
			}
			if book.Seen != nil {
				book.Seen = ptr(book.Seen.UTC().Truncate(time.Microsecond))
				if loc := got.Seen.Location(); loc != time.UTC {
					t.Errorf("%s: the time comes back in %v", name, loc)
				}
			}
			if diff := cmp.Diff(book, &got, cmpopts.IgnoreUnexported(Book{}), cmp.Comparer(func(a, b orm.Date) bool { return a == b }),
				cmp.Comparer(func(a, b orm.TimeOfDay) bool { return a == b }),
				cmp.Comparer(func(a, b orm.Decimal) bool { return a.String() == b.String() }),
				cmp.Comparer(func(a, b orm.JSON) bool { return a.String() == b.String() })); diff != "" {
				t.Errorf("%s (-stored +loaded):\n%s", name, diff)
			}
		}
	})
}

func TestColumnsHoldWhatDjangoWrites(t *testing.T) {
	want := map[string]map[string]string{
		orm.SQLite: {
			"id": "0b5cf3a441a54d0e8a395d3a1c0f00aa", "price": "10.5", "lent": "0", "published": "1965-08-01",
			"opens": "08:30:00.000500", "reading": "-5400000000", "notes": `{"a": [1, null]}`, "seen": "2026-03-01 11:00:00.123456",
			"cover": "covers/dune.png",
		},
		orm.Postgres: {
			"id": "0b5cf3a4-41a5-4d0e-8a39-5d3a1c0f00aa", "price": "10.50", "lent": "false", "published": "1965-08-01",
			"opens": "08:30:00.0005", "reading": "-1 days +22:30:00", "notes": `{"a": [1, null]}`, "seen": "2026-03-01 11:00:00.123456+00",
			"cover": "covers/dune.png",
		},
	}
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		create(t, db, &Shelf{Name: "s"}, full(t))
		for column, want := range want[db.Dialect()] {
			var got string
			if err := db.SQL.QueryRow("SELECT CAST(" + column + " AS text) FROM library_book").Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%s is stored as %q, want %q", column, got, want)
			}
		}
	})
}

// TestNegativeZeroIsStoredAsZero, as Django finds it on both databases.
func TestNegativeZeroIsStoredAsZero(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		create(t, db, &Shelf{Name: "s"})
		book := newBook(t, "1", 1)
		book.Price = orm.MustDecimal("-0.00")
		create(t, db, book)
		var got Book
		if err := db.Gorm.WithContext(t.Context()).First(&got, "id = ?", book.ID).Error; err != nil || got.Price.String() != "0.00" {
			t.Errorf("it comes back as %s, %v", got.Price, err)
		}
	})
}
