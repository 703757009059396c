package engine_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

const (
	document = "../docs/coming-from-asyncio.md"
	programs = "example_asyncio_test.go"
)

var (
	// goBlock is a heading with a name in brackets, up to the end of its Go block.
	goBlock = regexp.MustCompile("(?s)(\n## [^\n]*\\[(\\w+)\\]\n.*?\n```go\n)(.*?)(```\n)")
	// program is an example with its name and its body.
	program = regexp.MustCompile(`(?s)\nfunc Example_(\w+)\(\) \{\n(.*?)\n\}\n`)
)

// bodies are the programs by name, indented as they stand on the page.
func bodies(t *testing.T) map[string]string {
	t.Helper()
	source, err := os.ReadFile(programs)
	must(t, err)
	found := map[string]string{}
	for _, m := range program.FindAllStringSubmatch(string(source), -1) {
		found[m[1]] = strings.ReplaceAll(strings.TrimPrefix(m[2], "\t"), "\n\t", "\n") + "\n"
	}
	return found
}

// TestDocument: the Go blocks of the page are the bodies of the examples, which
// go test runs, and each example is there. The flag -update writes them.
func TestDocument(t *testing.T) {
	data, err := os.ReadFile(document)
	must(t, err)
	left := bodies(t)
	page := goBlock.ReplaceAllStringFunc(string(data), func(block string) string {
		m := goBlock.FindStringSubmatch(block)
		body, ok := left[m[2]]
		if !ok {
			t.Errorf("there is no program %s", m[2])
		}
		delete(left, m[2])
		if body != m[3] && !*update {
			t.Errorf("the page has another program %s", m[2])
		}
		return m[1] + body + m[4]
	})
	for name := range left {
		t.Errorf("the page has no program %s", name)
	}
	if *update {
		must(t, os.WriteFile(document, []byte(page), 0o644))
	}
}
