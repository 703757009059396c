package servers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// waiting is a library whose server does nothing until the end.
func waiting() map[string]Library {
	return map[string]Library{"lib": {"role": func(ctx context.Context, network, address string, ready func(string)) error {
		ready(network + " " + address)
		<-ctx.Done()
		return nil
	}}}
}

// A server tells its address and its heap, and ends with its input.
func TestServe(t *testing.T) {
	in, input := io.Pipe()
	output, out := io.Pipe()
	over := make(chan error, 1)
	go func() { over <- Serve(t.Context(), waiting(), []string{"lib", "role", "tcp", "address"}, in, out) }()
	lines := bufio.NewReader(output)
	if line, err := lines.ReadString('\n'); err != nil || line != "ready tcp address\n" {
		t.Fatalf("%q, %v", line, err)
	}
	for _, word := range []string{"report", "count"} {
		io.WriteString(input, "what is unknown is ignored\n"+word+"\n")
		line, err := lines.ReadString('\n')
		text, ok := strings.CutPrefix(line, word+" ")
		var r Report
		if err = errors.Join(err, json.Unmarshal([]byte(text), &r)); err != nil || !ok || r.Heap == 0 || r.Mallocs == 0 {
			t.Fatalf("%q, %v", line, err)
		}
	}
	input.Close()
	if err := <-over; err != nil {
		t.Error(err)
	}
}

func TestServeUnknown(t *testing.T) {
	for _, args := range [][]string{nil, {"lib", "role", "tcp"}, {"lib", "other", "tcp", "a"}, {"other", "role", "tcp", "a"}} {
		err := Serve(t.Context(), waiting(), args, strings.NewReader(""), io.Discard)
		if !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestServeFailure(t *testing.T) {
	failure := errors.New("the reason")
	libraries := map[string]Library{"lib": {"role": func(context.Context, string, string, func(string)) error { return failure }}}
	if err := Serve(t.Context(), libraries, []string{"lib", "role", "", ""}, strings.NewReader(""), io.Discard); !errors.Is(err, failure) {
		t.Error(err)
	}
}

// The profile of a server is there when it has ended.
func TestServeProfile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "profile")
	t.Setenv(ProfileVariable, file)
	if err := Serve(t.Context(), waiting(), []string{"lib", "role", "", ""}, strings.NewReader(""), io.Discard); err != nil {
		t.Fatal(err)
	}
	if at, err := os.Stat(file); err != nil || at.Size() == 0 {
		t.Errorf("the profile is not there: %v", err)
	}
	t.Setenv(ProfileVariable, filepath.Join(file, "below a file"))
	if err := Serve(t.Context(), waiting(), []string{"lib", "role", "", ""}, strings.NewReader(""), io.Discard); err == nil {
		t.Error("a profile that cannot be written is no error")
	}
}

func TestMerge(t *testing.T) {
	serve := func(context.Context, string, string, func(string)) error { return nil }
	got := Merge(map[string]Library{"a": {"x": serve}}, map[string]Library{"a": {"y": serve}, "b": {"x": serve}}, nil)
	if names(got) != "a x, a y, b x" {
		t.Errorf("merged to %s", names(got))
	}
}
