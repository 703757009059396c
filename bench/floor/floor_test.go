package floor

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// longestFloor is the length that a floor may have: what is longer does more
// than make its system calls.
const longestFloor = 60

func TestFloorsAreShort(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte("\n")); n > longestFloor {
			t.Errorf("%s has %d lines, more than %d", name, n, longestFloor)
		}
	}
}

func TestMailbox(t *testing.T) {
	const posters, each = 4, 1000
	m := NewMailbox()
	ran := 0
	var over, posting sync.WaitGroup
	over.Go(m.Run)
	for range posters {
		posting.Go(func() {
			for range each {
				m.Post(func(arg any) { *arg.(*int)++ }, &ran)
			}
		})
	}
	posting.Wait()
	m.Close()
	if over.Wait(); ran != posters*each {
		t.Errorf("%d calls ran of %d", ran, posters*each)
	}
}
