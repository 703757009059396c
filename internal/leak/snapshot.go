package leak

import (
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
)

// news lists what is in now and was not in before.
func news(before, now map[string]string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if _, old := before[name]; !old {
			list = append(list, name+" "+now[name])
		}
	}
	return list
}

// goroutines returns the stacks of all goroutines but the runtime's own, by
// name: "goroutine 18".
func goroutines() map[string]string {
	buf := make([]byte, 64<<10)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			return parseStacks(string(buf[:n]))
		}
		buf = make([]byte, 2*len(buf))
	}
}

// parseStacks takes "goroutine 18 [running]:\nframes\n\ngoroutine 19 ..." apart.
func parseStacks(all string) map[string]string {
	stacks := map[string]string{}
	for _, g := range strings.Split(strings.TrimSpace(all), "\n\n") {
		head, stack, _ := strings.Cut(g, " [")
		// Traceback level "system" puts more words behind the number.
		if words := strings.Fields(head); len(words) >= 2 && words[0] == "goroutine" {
			stacks["goroutine "+words[1]] = "[" + stack
		}
	}
	return stacks
}

// descriptors returns the open descriptors, each named by its number and by what
// it refers to, because numbers are used again; nothing where /proc does not
// tell. The descriptor that reads the directory is closed
// again by the time its own link is read, so it is not among them.
func descriptors() map[string]string {
	const dir = "/proc/self/fd"
	open := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if target, err := os.Readlink(dir + "/" + e.Name()); err == nil {
			open["descriptor "+e.Name()+" -> "+target] = ""
		}
	}
	return open
}
