package lint

import (
	"regexp"
	"strings"
)

// requirement is a line of go.mod.
type requirement struct {
	path     string
	indirect bool
}

// requirements reads the require lines of a go.mod file.
func requirements(gomod string) []requirement {
	var list []requirement
	inside := false
	for _, line := range strings.Split(gomod, "\n") {
		line = strings.TrimSpace(line)
		rest, single := strings.CutPrefix(line, "require ")
		switch {
		case line == "require (":
			inside = true
			continue
		case line == ")":
			inside = false
		}
		if single {
			line = rest
		}
		if f := strings.Fields(line); (single || inside) && len(f) >= 2 && strings.Contains(f[0], ".") {
			list = append(list, requirement{f[0], strings.Contains(line, "// indirect")})
		}
	}
	return list
}

// Undocumented lists the direct requirements of gomod that have no row in the
// table of docs/dependencies.md.
func Undocumented(gomod, document string) []Finding {
	var list []Finding
	for _, r := range requirements(gomod) {
		row := regexp.MustCompile(`(?m)^\| *` + regexp.QuoteMeta(r.path) + ` *\|`)
		if !r.indirect && !row.MatchString(document) {
			list = append(list, Finding{Path: "docs/dependencies.md", Text: "has no row for " + r.path})
		}
	}
	return list
}
