package lint

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// skipped are directories that are not the project's text.
var skipped = map[string]bool{".git": true, "bin": true, "out": true}

// Load reads every text file below root. A file with a zero byte is binary and
// left out; Go files that do not parse are an error.
func Load(root string) ([]*File, error) {
	var files []*File
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if skipped[d.Name()] {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		f, err := load(root, name)
		if f != nil {
			files = append(files, f)
		}
		return err
	})
	return files, err
}

func load(root, name string) (*File, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return nil, nil
	}
	rel, err := filepath.Rel(root, name)
	if err != nil {
		return nil, err
	}
	f, err := NewFile(filepath.ToSlash(rel), string(text))
	if err != nil {
		return nil, fmt.Errorf("%s does not parse: %w", rel, err)
	}
	return f, nil
}
