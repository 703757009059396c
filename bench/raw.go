package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"time"
)

// Line is one line of a raw file. Kind says which of the parts is there:
//
//	environment   first line: where and how
//	sample        one for each sample, failed ones included
//	bar           one for each time a bar was judged
//	end           last line; without it the file is a torso
type Line struct {
	Kind        string       `json:"kind"`
	Environment *Environment `json:"environment,omitempty"`
	Sample      *SampleLine  `json:"sample,omitempty"`
	Bar         *BarResult   `json:"bar,omitempty"`
	End         *EndLine     `json:"end,omitempty"`
}

// SampleLine is one sample with its place in the schedule.
type SampleLine struct {
	Scenario string    `json:"scenario"`
	Side     string    `json:"side"`
	Kind     string    `json:"side_kind"`
	Params   Params    `json:"params"`
	Procs    int       `json:"procs"`    // GOMAXPROCS
	Attempt  int       `json:"attempt"`  // from 1
	Round    int       `json:"round"`    // from 0
	Position int       `json:"position"` // in the round, from 0
	Start    time.Time `json:"start"`
	Seconds  float64   `json:"seconds"` // of the whole process
	Metrics  Metrics   `json:"metrics,omitempty"`
	Error    string    `json:"error,omitempty"`
}

// EndLine closes a raw file.
type EndLine struct {
	Samples     int     `json:"samples"`
	Failed      int     `json:"failed"`
	Interrupted bool    `json:"interrupted"`
	Seconds     float64 `json:"seconds"`
}

// OpenRaw opens a raw file for one more run. What earlier runs of the present
// commit have written stays; a file of another commit, or of none, begins anew.
// The caller closes it.
func OpenRaw(ctx context.Context, name string) (*os.File, error) {
	mode := os.O_TRUNC
	if commit, _ := revision(ctx); commit != unknown && commit == rawCommit(name) {
		mode = os.O_APPEND
	}
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|mode, 0o644)
}

// rawCommit is the commit that the first run in a raw file measured, or "".
func rawCommit(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := bufio.NewReader(f).ReadBytes('\n')
	var line Line
	if err != nil || json.Unmarshal(text, &line) != nil || line.Environment == nil {
		return ""
	}
	return line.Environment.Commit
}

// rawFile writes lines and keeps the first failure, so that measuring goes on
// and the failure is told at the end.
type rawFile struct {
	enc *json.Encoder
	err error
}

func newRawFile(w io.Writer) *rawFile {
	if w == nil {
		return &rawFile{}
	}
	return &rawFile{enc: json.NewEncoder(w)}
}

func (f *rawFile) write(l Line) {
	if f.enc == nil || f.err != nil {
		return
	}
	f.err = f.enc.Encode(l)
}
