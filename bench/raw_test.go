package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOpenRaw: runs of one commit share a raw file, another commit begins anew.
func TestOpenRaw(t *testing.T) {
	commit, _ := revision(t.Context())
	if commit == unknown {
		t.Skip("no repository around the test")
	}
	line := func(commit string) string {
		return `{"kind":"environment","environment":{"commit":"` + commit + "\"}}\n"
	}
	for _, c := range []struct{ name, before, want string }{
		{"no file", "", "new"},
		{"this commit", line(commit), line(commit) + "new"},
		{"another commit", line("0123"), "new"},
		{"no raw file", "something else\n", "new"},
		{"a torso", strings.TrimSpace(line(commit)), "new"},
	} {
		name := filepath.Join(t.TempDir(), "raw")
		if c.before != "" {
			if err := os.WriteFile(name, []byte(c.before), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		f, err := OpenRaw(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.WriteString("new")
		if got, readErr := os.ReadFile(name); err != nil || f.Close() != nil || readErr != nil || string(got) != c.want {
			t.Errorf("%s: %q, want %q (%v, %v)", c.name, got, c.want, err, readErr)
		}
	}
}
