package orm_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// stock fills the library: shelves a > b > c, books 1 and 2 on a, 3 on c; 2 is the sequel of 1; 1 has a loan with a slip and
// two subjects.
func stock(t *testing.T, db *orm.DB) (books [3]*Book) {
	t.Helper()
	create(t, db, &Shelf{Name: "a"}, &Shelf{Name: "b", ParentID: ptr[int64](1)}, &Shelf{Name: "c", ParentID: ptr[int64](2)})
	create(t, db, &Subject{Name: "x"}, &Subject{Name: "y"})
	for i, shelf := range []int64{1, 1, 3} {
		books[i] = newBook(t, fmt.Sprint(i+1), shelf)
	}
	books[0].SequelID = &books[1].ID
	create(t, db, books[1], books[0], books[2])
	loan := &Loan{BookID: books[0].ID, Fee: orm.MustDecimal("1.00")}
	create(t, db, loan, &Slip{LoanID: 1, Text: "t"})
	if err := db.Gorm.WithContext(t.Context()).Model(books[0]).Association("Subjects").Append(&Subject{ID: 1}, &Subject{ID: 2}); err != nil {
		t.Fatal(err)
	}
	return books
}

func rowsLeft(t *testing.T, db *orm.DB) map[string]int {
	t.Helper()
	left := map[string]int{}
	for _, table := range []string{"shelf", "subject", "book", "book_subjects", "loan", "slip", "audit"} {
		var n int
		if err := db.SQL.QueryRow("SELECT count(*) FROM library_" + table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			left[table] = n
		}
	}
	return left
}

func remove(t *testing.T, db *orm.DB, model any, pks ...any) error {
	t.Helper()
	registry := library(t)
	return orm.Delete(db.Gorm.WithContext(t.Context()), registry, registry.Model(model), pks...)
}

func TestDeleteCascades(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		books := stock(t, db)
		if err := remove(t, db, Book{}, books[0].ID); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]int{"shelf": 3, "subject": 2, "book": 2}, rowsLeft(t, db)); diff != "" {
			t.Errorf("book 1 leaves (-want +got)\n%s", diff)
		}
		if err := remove(t, db, Book{}, books[1].ID, books[2].ID); err != nil {
			t.Fatal(err)
		}
		if err := remove(t, db, Shelf{}, 1); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]int{"subject": 2}, rowsLeft(t, db)); diff != "" {
			t.Errorf("the shelves leave (-want +got)\n%s", diff)
		}
	})
}

func TestDeleteSetsNull(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		books := stock(t, db)
		if err := remove(t, db, Book{}, books[1].ID); err != nil {
			t.Fatal(err)
		}
		var first Book
		if err := db.Gorm.WithContext(t.Context()).First(&first, "id = ?", books[0].ID).Error; err != nil || first.SequelID != nil {
			t.Errorf("the sequel is %v, %v", first.SequelID, err)
		}
	})
}

func TestDeleteRemovesPairsFromTheOtherSide(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		stock(t, db)
		if err := remove(t, db, Subject{}, 1); err != nil {
			t.Fatal(err)
		}
		if left := rowsLeft(t, db); left["book_subjects"] != 1 || left["book"] != 3 || left["subject"] != 1 {
			t.Errorf("left is %v", left)
		}
	})
}

func TestDeleteProtects(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		books := stock(t, db)
		before := rowsLeft(t, db)
		err := remove(t, db, Shelf{}, 2) // its sub-shelf c has book 3
		var protected *orm.ProtectedError
		if !errors.As(err, &protected) || protected.Restricted {
			t.Fatalf("the error is %v", err)
		}
		if len(protected.Objects) != 1 || protected.Objects[0].PK != books[2].ID || protected.Objects[0].Field.Name != "shelf" || protected.Model.Type.Name() != "Shelf" {
			t.Errorf("protected by %+v", protected.Objects)
		}
		if want := "cannot delete library.Shelf: it is still referred to by library.Book.shelf"; err.Error() != want {
			t.Errorf("the text is %q, want %q", err, want)
		}
		if diff := cmp.Diff(before, rowsLeft(t, db)); diff != "" {
			t.Errorf("something was deleted\n%s", diff)
		}
	})
}

func TestDeleteRestricts(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		books := stock(t, db)
		create(t, db, &Audit{BookID: books[0].ID}, &Audit{BookID: books[1].ID, ShelfID: ptr[int64](3)})
		var restricted *orm.ProtectedError
		if err := remove(t, db, Book{}, books[0].ID); !errors.As(err, &restricted) || !restricted.Restricted || restricted.Objects[0].PK != int64(1) {
			t.Errorf("the error is %v", err)
		}
		if left := rowsLeft(t, db); left["book"] != 3 || left["loan"] != 1 {
			t.Errorf("left is %v", left)
		}
	})
}

// TestDeleteRestrictsOnlyWhatStays has an audit that goes along with what it restricts.
func TestDeleteRestrictsOnlyWhatStays(t *testing.T) {
	registry, err := orm.NewRegistry(&Root{}, &Part{}, &Check{})
	if err != nil {
		t.Fatal(err)
	}
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		g := db.Gorm.WithContext(t.Context())
		for _, statement := range []string{
			"CREATE TABLE a_root (id bigint PRIMARY KEY)", "CREATE TABLE a_part (id bigint PRIMARY KEY, root_id bigint)",
			"CREATE TABLE a_check (id bigint PRIMARY KEY, part_id bigint, root_id bigint)",
			"INSERT INTO a_root VALUES (1)", "INSERT INTO a_part VALUES (1, 1)", "INSERT INTO a_check VALUES (1, 1, 1)",
		} {
			if err := g.Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
		}
		var restricted *orm.ProtectedError
		if err := orm.Delete(g, registry, registry.Model(Part{}), 1); !errors.As(err, &restricted) {
			t.Errorf("the part alone: %v", err)
		}
		if err := orm.Delete(g, registry, registry.Model(Root{}), 1); err != nil {
			t.Errorf("all together: %v", err)
		}
	})
}

type Root struct {
	ID int64 `gorm:"primaryKey"`
}

func (Root) Meta() orm.Meta    { return orm.Meta{App: "a"} }
func (Root) TableName() string { return "a_root" }

type Part struct {
	ID     int64 `gorm:"primaryKey"`
	RootID int64
	Root   *Root `orm:"on_delete=cascade"`
}

func (Part) Meta() orm.Meta    { return orm.Meta{App: "a"} }
func (Part) TableName() string { return "a_part" }

type Check struct {
	ID     int64 `gorm:"primaryKey"`
	PartID int64
	Part   *Part `orm:"on_delete=restrict"`
	RootID int64
	Root   *Root `orm:"on_delete=cascade"`
}

func (Check) Meta() orm.Meta    { return orm.Meta{App: "a"} }
func (Check) TableName() string { return "a_check" }

func TestDeleteTakesKeysOfAllForms(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		books := stock(t, db)
		if err := remove(t, db, Book{}, books[2].ID.String()); err != nil {
			t.Errorf("text of a UUID: %v", err)
		}
		for _, pk := range []any{int32(3), "3", uint8(3), uuid.Nil} {
			err := remove(t, db, Shelf{}, pk)
			if (err != nil) != (pk == uuid.Nil) {
				t.Errorf("%T: %v", pk, err)
			}
		}
		for _, pk := range []any{nil, "x", 1.5, uuid.Nil, []int{1}, uint64(1 << 63)} {
			if err := remove(t, db, Shelf{}, pk); err == nil || !strings.Contains(err.Error(), "is no primary key of library.Shelf") {
				t.Errorf("%v: %v", pk, err)
			}
		}
		if left := rowsLeft(t, db); left["shelf"] != 2 || left["book"] != 2 {
			t.Errorf("left is %v", left)
		}
	})
}

func TestDeleteOfOtherRegistry(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		if err := orm.Delete(db.Gorm.WithContext(t.Context()), library(t), library(t).Model(Shelf{}), 1); err == nil {
			t.Error("a model of another registry is deleted")
		}
	})
}

func TestCollectTellsWithoutDeleting(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		books := stock(t, db)
		registry := library(t)
		before := rowsLeft(t, db)
		d, err := orm.Collect(db.Gorm.WithContext(t.Context()), registry, registry.Model(Book{}), books[0].ID, books[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, rowsLeft(t, db)); diff != "" {
			t.Errorf("something was deleted\n%s", diff)
		}
		if len(d.Keys(registry.Model(Book{}))) != 1 || len(d.Keys(registry.Model(Loan{}))) != 1 || d.Keys(registry.Model(Shelf{})) != nil {
			t.Errorf("the keys are %v, %v", d.Keys(registry.Model(Book{})), d.Keys(registry.Model(Loan{})))
		}
		counts, err := d.Run()
		want := map[string]int64{"library.Book": 1, "library.Loan": 1, "library.Slip": 1, "library.Book_subjects": 2}
		if err != nil || !maps.Equal(counts, want) {
			t.Errorf("deleted %v, %v; want %v", counts, err, want)
		}
	})
}

// TestDeleteTakesConstantStatements deletes one and many books with what belongs to them.
func TestDeleteTakesConstantStatements(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		registry := library(t)
		create(t, db, &Shelf{Name: "a"})
		statements := map[int]int64{}
		for _, n := range []int{1, 3, 400, 1200} {
			books, loans, pks := make([]*Book, n), make([]*Loan, n), make([]any, n)
			for i := range n {
				books[i] = newBook2(registry, fmt.Sprint(n, i))
				loans[i] = &Loan{BookID: books[i].ID}
				pks[i] = books[i].ID
			}
			if err := db.Gorm.WithContext(t.Context()).CreateInBatches(books, 300).Error; err != nil {
				t.Fatal(err)
			}
			create(t, db, loans)
			ctx, count := orm.CountStatements(t.Context())
			if err := orm.Delete(db.Gorm.WithContext(ctx), registry, registry.Model(Book{}), pks...); err != nil {
				t.Fatal(err)
			}
			statements[n] = count.Load()
		}
		if statements[1] == 0 || statements[1] != statements[3] || statements[1] != statements[400] || statements[1200] > 3*statements[1] {
			t.Errorf("the statements by number of objects: %v", statements)
		}
		if diff := cmp.Diff(map[string]int{"shelf": 1}, rowsLeft(t, db)); diff != "" {
			t.Errorf("left is\n%s", diff)
		}
	})
}

func newBook2(registry *orm.Registry, isbn string) *Book {
	book := registry.Model(Book{}).New().(*Book)
	book.ISBN, book.Title, book.ShelfID = isbn, isbn, 1
	return book
}

func TestDeleteBelongsToItsTransaction(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		books := stock(t, db)
		registry := library(t)
		before := rowsLeft(t, db)
		_ = orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
			return errors.Join(orm.Delete(tx, registry, registry.Model(Book{}), books[0].ID), errStop)
		})
		if diff := cmp.Diff(before, rowsLeft(t, db)); diff != "" {
			t.Errorf("the deletion survives its transaction\n%s", diff)
		}
	})
}
