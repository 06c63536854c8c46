package testserver

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/quintet-go/quintet/conformance"
)

// marker is a table that only databases of this package have: no shop of anybody has a kitchen.
const marker = "kitchen_row"

// foreignError says that a database must not be emptied.
type foreignError struct{ where string }

// Error names the database and what to do.
func (e foreignError) Error() string {
	return fmt.Sprintf("%s holds tables and no recorded fixture (no table %s): it would be emptied; give an empty database", e.where, marker)
}

// fixture reads a file of the recordings.
func fixture(name string) ([]byte, error) {
	return fs.ReadFile(conformance.Files(), "fixtures/"+name)
}

// secretKey is the key that the recorded sessions and tokens are signed with.
func secretKey() (string, error) {
	data, err := fs.ReadFile(conformance.Files(), "interop/sessions.json")
	if err != nil {
		return "", err
	}
	var sessions struct {
		SecretKey string `json:"secret_key"`
	}
	if err := json.Unmarshal(data, &sessions); err != nil {
		return "", fmt.Errorf("interop/sessions.json: %w", err)
	}
	return sessions.SecretKey, nil
}

// restoreMedia makes the content of a folder that of the fixture. The folder itself stays.
func restoreMedia(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	media, err := fs.Sub(conformance.Files(), "fixtures/media")
	if err != nil {
		return err
	}
	return os.CopyFS(dir, media)
}
