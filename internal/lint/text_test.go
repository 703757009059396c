package lint

import "testing"

func TestFormat(t *testing.T) {
	testRule(t, Format, []ruleCase{
		{"as gofmt writes", "a.go", "package p\n\nvar x = 1\n", 0},
		{"blanks", "a.go", "package p\n\nvar  x = 1\n", 1},
		{"no end of line", "a.go", "package p", 1},
		{"not Go", "a.md", "var  x", 0},
	})
}

func TestWords(t *testing.T) {
	testRule(t, Words, []ruleCase{
		{"comment", "a.go", "package p\n\n// TO" + "DO: more\n", 1},
		{"text", "a.md", "one\nFIX" + "ME\nTO" + "DO(x)\n", 2},
		{"part of a word", "a.md", "PHOTO" + "DOCUMENT", 0},
		{"lower case", "a.md", "a to" + "do list", 0},
	})
}

func TestAbsolutePaths(t *testing.T) {
	testRule(t, AbsolutePaths, []ruleCase{
		{"home", "a.md", "see /ro" + "ot/notes.md", 1},
		{"quoted", "a.sh", `x="/tm` + `p/file"`, 1},
		{"json", "a.json", `{"dir":"/wo` + `rk/main"}`, 1},
		{"user", "a.md", "(/home" + "/someone/x)", 1},
		{"windows", "a.md", `C:\Use` + `rs\someone`, 1},
		{"address", "a.md", "https://example.com/wo" + "rk/x", 0},
		{"relative", "a.md", "docs/wo" + "rk/x and ../ro" + "ot/x", 0},
		{"the system's", "a.go", "package p\n\nconst d = \"/proc/self/fd\"\n", 0},
	})
}
