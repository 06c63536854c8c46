package form

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"strings"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// maxNameLength is how many characters the name of a file may have; longer names are cut before their ending.
const maxNameLength = 255

// File is an uploaded file. Its content is in memory, or in a temporary file that Data.Close removes.
type File struct {
	Name        string // without folders and unprintable characters
	Size        int64
	ContentType string // as the client says, in lower case, without parameters; not to be trusted

	content []byte // nil when the content is in a temporary file
	path    string
}

// NewFile reads a whole file. Up to memory bytes of it are kept in memory; a larger one goes to a temporary file,
// which Remove deletes.
func NewFile(name, contentType string, r io.Reader, memory int64) (*File, error) {
	f := &File{Name: shorten(name), ContentType: contentType}
	var head bytes.Buffer
	n, err := io.CopyN(&head, r, memory+1)
	if errors.Is(err, io.EOF) {
		f.content, f.Size = head.Bytes(), n
		if f.content == nil {
			f.content = []byte{}
		}
		return f, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the upload %q: %w", f.Name, err)
	}
	return f, f.spill(io.MultiReader(&head, r))
}

// spill writes the content to a temporary file.
func (f *File) spill(r io.Reader) error {
	tmp, err := os.CreateTemp("", "upload-*")
	if err != nil {
		return fmt.Errorf("keeping the upload %q (is the folder for temporary files writable?): %w", f.Name, err)
	}
	f.path = tmp.Name()
	f.Size, err = io.Copy(tmp, r)
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err != nil {
		f.Remove()
		return fmt.Errorf("keeping the upload %q: %w", f.Name, err)
	}
	return nil
}

// InMemory reports whether the content is in memory.
func (f *File) InMemory() bool { return f.path == "" }

// Open returns a reader of the content from its start; it may be called again and again.
func (f *File) Open() (io.ReadSeekCloser, error) {
	if f.InMemory() {
		return memoryFile{bytes.NewReader(f.content)}, nil
	}
	tmp, err := os.Open(f.path)
	if err != nil {
		return nil, fmt.Errorf("opening the upload %q: %w", f.Name, err)
	}
	return tmp, nil
}

// Remove deletes the temporary file, if there is one.
func (f *File) Remove() {
	if f.path != "" {
		_ = os.Remove(f.path) // it may have been moved away, which is allowed
	}
}

// memoryFile is a reader that needs no closing.
type memoryFile struct{ *bytes.Reader }

// Close does nothing.
func (memoryFile) Close() error { return nil }

// sanitize returns the name of a file without folders and characters that cannot be seen; "" when nothing is left.
func sanitize(name string) string {
	name = html.UnescapeString(name)
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if pyjson.Printable(r) {
			return r
		}
		return -1
	}, name)
	if name == "." || name == ".." {
		return ""
	}
	return name
}

// shorten cuts a long name before its ending.
func shorten(name string) string {
	runes := []rune(name)
	if len(runes) <= maxNameLength {
		return name
	}
	ending := runes[endingStart(runes):]
	ending = ending[:min(len(ending), maxNameLength)]
	stem := runes[:min(endingStart(runes), maxNameLength-len(ending))]
	return string(stem) + string(ending)
}

// endingStart returns the position of the last dot that does not stand at the start, the length when there is none.
func endingStart(name []rune) int {
	first := 0
	for first < len(name) && name[first] == '.' {
		first++
	}
	for i := len(name) - 1; i > first; i-- {
		if name[i] == '.' {
			return i
		}
	}
	return len(name)
}
