package lint

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a/b.go":     "package b\n",
		"c.md":       "text",
		"image":      "\x00\x01",
		".git/x.go":  "not Go",
		"out/y.go":   "not Go",
		"a/d/e.tsv":  "1\t2",
		".ci/script": "#!/bin/sh\n",
	} {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, f := range files {
		found[f.Path] = f.AST != nil
	}
	if len(found) != 4 || !found["a/b.go"] || found["c.md"] {
		t.Errorf("loaded %v", found)
	}
	if err := os.WriteFile(filepath.Join(dir, "bad.go"), []byte("pack age"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil {
		t.Error("a file that does not parse is no error")
	}
}
