package rest_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// scan is a model with files.
type scan struct {
	ID      int64     `gorm:"primaryKey"`
	Name    string    `gorm:"size:20;unique"`
	Picture *orm.File `gorm:"size:60" orm:"image,blank,upload_to=scans/%Y/%m/"`
	Text    *orm.File `gorm:"size:60" orm:"blank"`
}

func (scan) TableName() string { return "store_scan" }
func (scan) Meta() orm.Meta    { return orm.Meta{App: "store", Ordering: []string{"id"}} }

func pngFile(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// stored are the files below a folder.
func stored(t *testing.T, dir string) []string {
	t.Helper()
	files := []string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			name, _ := filepath.Rel(dir, path)
			files = append(files, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return files
}

func scans(t *testing.T, db *orm.DB, storage rest.Storage) *resttest.Client {
	t.Helper()
	return serve(t, db, []any{&scan{}}, func(g *rest.Group) {
		g.Register("scans", &rest.ViewSet[scan]{Serializer: rest.Auto[scan](), PerformCreate: func(r *rest.Request, s *scan) error {
			if err := r.Save(s); err != nil || s.Name != "refused" {
				return err
			}
			return rest.Conflict("Refused after it was stored.")
		}})
	}, func(c *rest.Config) { c.Storage = storage })
}

func TestUploads(t *testing.T) {
	picture := pngFile(t)
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		dir := filepath.Join(t.TempDir(), "media")
		c := scans(t, db, rest.DirStorage{Dir: dir})
		up := func(name, file string, content []byte) *resttest.Answer {
			return c.Post("/scans/", new(resttest.Multipart).Field("name", name).File("picture", file, content))
		}
		a := up("one", "../my picture?.png", picture)
		if a.Status != 201 {
			t.Fatal(a)
		}
		address := a.Field("picture").(string)
		if !regexp.MustCompile(`^http://testserver/media/scans/[0-9]{4}/[0-9]{2}/my_picture\.png$`).MatchString(address) {
			t.Errorf("stored at %s", address)
		}
		content, err := os.ReadFile(filepath.Join(dir, strings.TrimPrefix(address, "http://testserver/media/")))
		if err != nil || !bytes.Equal(content, picture) {
			t.Errorf("the file: %v", err)
		}
		second := up("two", "my picture?.png", picture)
		if s, _ := second.Field("picture").(string); !regexp.MustCompile(`/my_picture_[A-Z2-7]{7}\.png$`).MatchString(s) {
			t.Errorf("a taken name became %q", s)
		}
		files := stored(t, dir)

		for name, refused := range map[string]struct {
			a    *resttest.Answer
			want string
		}{
			"unique":     {up("one", "x.png", picture), `400 {"name":["scan with this name already exists."]}`},
			"hook":       {up("refused", "x.png", picture), `409 {"detail":"Refused after it was stored."}`},
			"no picture": {up("x", "x.png", []byte("text")), `400 {"picture":["Upload a valid image. The file you uploaded was either not an image or a corrupted image."]}`},
			"empty":      {up("x", "x.png", nil), `400 {"picture":["The submitted file is empty."]}`},
			"text":       {c.Post("/scans/", `{"name":"x","picture":"x.png"}`), `400 {"picture":["The submitted data was not a file. Check the encoding type on the form."]}`},
			"long": {
				up("x", strings.Repeat("x", 60)+".png", picture),
				`400 {"picture":["Ensure this filename has at most 60 characters (it has 64)."]}`,
			},
		} {
			if refused.a.String() != refused.want {
				t.Errorf("%s\n got %s\nwant %s", name, refused.a, refused.want)
			}
		}
		if a := up("x", "x.exe", picture); a.Status != 400 || !strings.Contains(a.Text(), "File extension “exe” is not allowed.") {
			t.Errorf("ending: %s", a)
		}
		if diff := cmp.Diff(files, stored(t, dir)); diff != "" {
			t.Errorf("refused uploads left files (-before +after):\n%s", diff)
		}

		say(t, c.Patch("/scans/1/", `{"name":"uno"}`), `200 {"id":1,"name":"uno","picture":"`+address+`","text":null}`)
		say(t, c.Patch("/scans/1/", `{"picture":null}`), `200 {"id":1,"name":"uno","picture":null,"text":null}`)
		a = c.Patch("/scans/1/", new(resttest.Multipart).File("text", ".hidden", []byte("x")).Field("picture", ""))
		say(t, a, `200 {"id":1,"name":"uno","picture":null,"text":"http://testserver/media/hidden"}`)
	})
}

// brokenStorage fails to save, or notes what it was told to delete.
type brokenStorage struct{ deleted []string }

func (*brokenStorage) Save(context.Context, string, io.Reader) (string, error) {
	return "", errors.New("disk full")
}

func (b *brokenStorage) Delete(_ context.Context, name string) error {
	b.deleted = append(b.deleted, name)
	return nil
}

func TestStorageThatFails(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	c := scans(t, db, &brokenStorage{})
	a := c.Post("/scans/", new(resttest.Multipart).Field("name", "x").File("picture", "x.png", pngFile(t)))
	say(t, a, `507 {"detail":"The file could not be stored."}`)
	say(t, c.Get("/scans/"), `200 []`)
}

func TestDirStorage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "media")
	s := rest.DirStorage{Dir: dir}
	save := func(name, content string) string {
		t.Helper()
		stored, err := s.Save(t.Context(), name, strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		return stored
	}
	first, second := save("a/b.txt", "1"), save("a/b.txt", "2")
	if first != "a/b.txt" || second == first {
		t.Errorf("stored as %s and %s", first, second)
	}
	if content, err := os.ReadFile(filepath.Join(dir, second)); err != nil || string(content) != "2" {
		t.Errorf("%q, %v", content, err)
	}
	if _, err := s.Save(t.Context(), "../out.txt", strings.NewReader("x")); err == nil {
		t.Error("wrote outside of the folder")
	}
	if _, err := s.Save(t.Context(), "half.txt", io.MultiReader(strings.NewReader("x"), brokenReader{})); err == nil {
		t.Error("a broken stream was stored")
	}
	for range 2 { // the second time it is gone already
		if err := s.Delete(t.Context(), first); err != nil {
			t.Error(err)
		}
	}
	if err := s.Delete(t.Context(), "../../x"); err == nil {
		t.Error("deleted outside of the folder")
	}
	if diff := cmp.Diff([]string{second}, stored(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("cut off") }

func TestDirStorageWithoutAFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (rest.DirStorage{Dir: filepath.Join(file, "media")}).Save(t.Context(), "x", strings.NewReader("")); err == nil || !strings.Contains(err.Error(), "media folder") {
		t.Errorf("got %v", err)
	}
}
