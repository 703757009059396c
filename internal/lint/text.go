package lint

import (
	"go/format"
	"regexp"
	"strings"
)

// Format wants Go files as gofmt writes them.
func Format(f *File) []Finding {
	if f.AST == nil {
		return nil
	}
	if out, err := format.Source([]byte(f.Text)); err != nil || string(out) != f.Text {
		return []Finding{{Path: f.Path, Text: "is not formatted: run gofmt -w"}}
	}
	return nil
}

// unfinished are words of work left undone. They are put together here so that
// this file does not contain them.
var unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)

// Words wants nothing left undone: it is done, or it is an issue.
func Words(f *File) []Finding {
	return matches(f, unfinished, "unfinished")
}

// machinePath is a path of somebody's machine: below a home, a temporary or a
// working directory. Those of /proc, /dev, /usr and /etc are the system's.
var machinePath = regexp.MustCompile("(?:^|[\\s\"'`=(:,<])(/(?:work|root|home|tmp|Users)/[\\w.]|[A-Z]:\\\\Users\\\\)")

// AbsolutePaths wants no path that only one machine has.
func AbsolutePaths(f *File) []Finding {
	return matches(f, machinePath, "path of one machine")
}

func matches(f *File, re *regexp.Regexp, what string) []Finding {
	var list []Finding
	for i, line := range strings.Split(f.Text, "\n") {
		if m := re.FindString(line); m != "" {
			list = append(list, Finding{f.Path, i + 1, what + ": " + strings.TrimSpace(m)})
		}
	}
	return list
}
