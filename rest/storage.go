package rest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	gopath "path"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/form"
)

// Storage keeps uploaded files (django.core.files.storage.Storage). It is used by many requests at once.
type Storage interface {
	// Save stores content under name or, when that is taken, a name like it, and returns the name it chose. Nothing is left
	// behind when it fails.
	Save(ctx context.Context, name string, content io.Reader) (stored string, err error)
	// Delete removes a stored file; one that is not there is no error.
	Delete(ctx context.Context, name string) error
}

// DirStorage keeps files below a folder of the local disk, which is made when it is first needed.
type DirStorage struct{ Dir string }

// fileTries bounds the search for a free name.
const fileTries = 100

// Save writes to a new file; an existing one is never overwritten.
func (s DirStorage) Save(_ context.Context, name string, content io.Reader) (string, error) {
	root, err := s.open()
	if err != nil {
		return "", err
	}
	defer root.Close()
	if err := root.MkdirAll(gopath.Dir(name), 0o755); err != nil {
		return "", fmt.Errorf("make the folder of %s: %w", name, err)
	}
	f, stored, err := createFree(root, name)
	if err != nil {
		return "", fmt.Errorf("create the file %s: %w", name, err)
	}
	_, err = io.Copy(f, content)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("write the file %s: %w", stored, err), root.Remove(stored))
	}
	return stored, nil
}

func (s DirStorage) open() (*os.Root, error) {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the media folder: %w", err)
	}
	root, err := os.OpenRoot(s.Dir)
	if err != nil {
		return nil, fmt.Errorf("open the media folder: %w", err)
	}
	return root, nil
}

// createFree creates name, or name with a random part before its ending when it is taken.
func createFree(root *os.Root, name string) (*os.File, string, error) {
	free := name
	for range fileTries {
		f, err := root.OpenFile(free, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return f, free, err
		}
		ending := gopath.Ext(name)
		free = strings.TrimSuffix(name, ending) + "_" + rand.Text()[:7] + ending
	}
	return nil, "", fs.ErrExist
}

// Delete removes a file.
func (s DirStorage) Delete(_ context.Context, name string) error {
	root, err := s.open()
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the file %s: %w", name, err)
	}
	return nil
}

// safeInName keeps a character of a file's name, or says -1 for those that get_valid_filename drops.
func safeInName(r rune) rune {
	if unicode.IsLetter(r) || unicode.IsNumber(r) || strings.ContainsRune("-_.", r) {
		return r
	}
	return -1
}

// storedName is where an upload goes: the field's folder, with the date when it has strftime directives, and a safe name.
func storedName(uploadTo, name string, now time.Time) string {
	safe := strings.Map(safeInName, strings.ReplaceAll(strings.TrimSpace(name), " ", "_"))
	safe = strings.TrimLeft(safe, ".") // never a hidden file
	if safe == "" {
		safe = "file"
	}
	folder := strings.NewReplacer("%Y", now.Format("2006"), "%m", now.Format("01"), "%d", now.Format("02")).Replace(uploadTo)
	return gopath.Join(folder, safe)
}

// wireFile stores the upload when the input is applied; a file whose row is not stored in the end is removed again.
func (c *compiler) wireFile(f *field, column reflect.Type) error {
	if c.config.Storage == nil {
		return errors.New("a writable file field needs rest.Config.Storage; set it, for example to rest.DirStorage{Dir: \"media\"}")
	}
	mf := f.spec.model
	set, err := scalarSetter(reflect.TypeFor[orm.File]())
	if err != nil {
		return err
	}
	if column.Kind() == reflect.Pointer {
		set = pointerSetter(column, set)
	}
	f.store = func(r *Request, m reflect.Value, st *inputState, i int) error {
		var value any
		if file, ok := st.values[i].(*form.File); ok {
			stored, err := r.upload(file, orText(f.spec.uploadTo, mf.UploadTo))
			if err != nil {
				return err
			}
			value = orm.File(stored)
		}
		return set(m.FieldByIndex(mf.Index), value)
	}
	return nil
}

// upload stores a file and notes it, to be removed when the request fails.
func (r *Request) upload(file *form.File, folder string) (string, error) {
	content, err := file.Open()
	if err != nil {
		return "", fmt.Errorf("read an upload: %w", err)
	}
	defer content.Close()
	storage := r.api.config.Storage
	stored, err := storage.Save(r.Context(), storedName(folder, file.Name, r.api.config.Now().UTC()), content)
	if err != nil {
		return "", ErrNoRoom.WithCause(err)
	}
	r.uploads = append(r.uploads, stored)
	return stored, nil
}

// dropUploads removes the files whose rows were not stored, from a number on.
func (r *Request) dropUploads(from int) error {
	var failed error
	for _, name := range r.uploads[min(from, len(r.uploads)):] {
		failed = errors.Join(failed, r.api.config.Storage.Delete(context.WithoutCancel(r.Context()), name))
	}
	r.uploads = r.uploads[:min(from, len(r.uploads))]
	return failed
}

// uploadSetter lets a data struct hold the client's name of an upload until it is stored.
func uploadSetter(dst reflect.Value, v any) error {
	file, ok := v.(*form.File)
	if !ok {
		dst.SetZero()
		return nil
	}
	if dst.Kind() == reflect.Pointer {
		dst.Set(reflect.New(dst.Type().Elem()))
		dst = dst.Elem()
	}
	dst.SetString(file.Name)
	return nil
}
