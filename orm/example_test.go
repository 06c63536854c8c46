package orm_test

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// Artist and Album are how models are declared: GORM's tags for the columns, a method Meta and the tag orm for the rest.
type Artist struct {
	ID     int64    `gorm:"primaryKey"`
	Name   string   `gorm:"size:100;unique"`
	Albums []*Album `gorm:"foreignKey:ArtistID"` // the other side of Album.Artist
}

func (Artist) Meta() orm.Meta    { return orm.Meta{App: "music", Ordering: []string{"name"}} }
func (Artist) TableName() string { return "music_artist" }

type Album struct {
	ID       int64       `gorm:"primaryKey"`
	Title    string      `gorm:"size:200"`
	Price    orm.Decimal `gorm:"precision:6;scale:2" orm:"default=9.90"`
	Released *orm.Date   `orm:"blank"` // a pointer: NULL in the database
	ArtistID int64       // the column of Artist
	Artist   *Artist     `orm:"on_delete=cascade,related=albums"`
}

func (Album) Meta() orm.Meta {
	return orm.Meta{App: "music", Unique: []orm.Unique{{Fields: []string{"artist", "title"}}}}
}
func (Album) TableName() string { return "music_album" }

func ExampleNewRegistry() {
	registry, err := orm.NewRegistry(&Artist{}, &Album{})
	if err != nil {
		fmt.Println(err)
		return
	}
	album := registry.Model(Album{})
	fmt.Println(album.Label(), album.New().(*Album).Price)
	path, err := album.Path("artist__name")
	fmt.Println(path.Hops[0].To.Label(), path.Field.Name, err)
	_, err = album.Path("artist__age")
	fmt.Println(err)
	// Output:
	// music.Album 9.90
	// music.Artist name <nil>
	// "artist__age": music.Artist has no field "age"; it has id, name, albums
}

// openMusic is a database in memory with tables for the models.
func openMusic(ctx context.Context) (*orm.DB, error) {
	db, err := orm.Open(ctx, orm.Config{URL: "sqlite::memory:"})
	if err != nil {
		return nil, err
	}
	return db, db.Gorm.WithContext(ctx).Migrator().CreateTable(&Artist{}, &Album{})
}

func ExampleAtomic() {
	ctx := context.Background()
	db, err := openMusic(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	err = orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
		artist := &Artist{Name: "Django"}
		if err := tx.Create(artist).Error; err != nil {
			return err
		}
		orm.OnCommit(tx, func() { fmt.Println("stored", artist.Name) })
		// What fails in here is undone; the artist stays.
		err := orm.Atomic(ctx, tx, func(tx *gorm.DB) error { return tx.Create(&Artist{Name: "Django"}).Error })
		var violation *orm.ConstraintError
		if errors.As(err, &violation) {
			fmt.Println(violation.Kind, violation.Columns)
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// unique [name]
	// stored Django
	// <nil>
}

func ExampleDelete() {
	ctx := context.Background()
	db, err := openMusic(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	registry, err := orm.NewRegistry(&Artist{}, &Album{})
	if err != nil {
		fmt.Println(err)
		return
	}
	g := db.Gorm.WithContext(ctx)
	artist := &Artist{Name: "Django"}
	err = g.Create(artist).Error
	err = errors.Join(err, g.Create(&Album{Title: "Nuages", ArtistID: artist.ID}).Error)
	err = errors.Join(err, orm.Delete(g, registry, registry.Model(artist), artist.ID))
	var left int64
	err = errors.Join(err, g.Model(&Album{}).Count(&left).Error)
	fmt.Println(left, err)
	// Output: 0 <nil>
}

func ExampleCountStatements() {
	db, err := openMusic(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	ctx, count := orm.CountStatements(context.Background())
	err = db.Gorm.WithContext(ctx).Preload("Albums").Find(&[]Artist{}).Error
	fmt.Println(count.Load(), err)
	// Output: 1 <nil>
}
