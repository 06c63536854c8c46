package orm

import "path"

// File is the name of a stored file, relative to the storage's root: "products/lamp.png". Empty means no file.
type File string

// Name is the name as stored.
func (f File) Name() string { return string(f) }

// Base is the name without its folders.
func (f File) Base() string {
	if f == "" {
		return ""
	}
	return path.Base(string(f))
}

// IsZero tells whether there is no file.
func (f File) IsZero() bool { return f == "" }
