package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/google/pprof/profile"
)

// A profile multiplies its scenario's work by four, and again, until it holds
// enough samples or took long enough: the profiler takes 100 a second of
// processor time, and a tenth of a second of them says nothing. Scenarios that
// mostly sleep stay below that.
const (
	profileFactor = 4
	profileLimit  = 64
	enoughSamples = 150
	longEnough    = 3 * time.Second
)

// Hot is one function of a profile. Shares are of all samples, in 0..1.
type Hot struct {
	Function  string
	Flat, Cum float64
}

// Profile is where one side of a scenario spends its processor time.
type Profile struct {
	Scenario, Side string
	Samples        int64
	Hottest        []Hot // by Flat
}

// hottest is how many functions a Profile keeps.
const hottest = 10

// Profiles runs every engine side of the selected scenarios once more under the
// CPU profiler, apart from every measured sample, because profiling disturbs.
// It hands over each Profile as it is made. Idle scenarios have none.
func Profiles(ctx context.Context, cfg Config, each func(Profile)) error {
	scenarios := Select(cfg.suite(), cfg.Filter)
	if len(scenarios) == 0 {
		return ErrNothing
	}
	cfg.Raw, cfg.Note, cfg.Began = nil, nil, nil // samples under the profiler are no results
	r, err := newRunner(ctx, cfg)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "loopbench")
	if err != nil {
		return err
	}
	for i := range scenarios {
		sc := &scenarios[i]
		for _, side := range sc.Sides {
			if side.Kind != Engine || side.Run == nil || sc.Idle || ctx.Err() != nil {
				continue
			}
			p, err := r.profile(ctx, sc, side, filepath.Join(dir, "cpu.pb.gz"))
			if err != nil {
				r.failed = append(r.failed, err)
				continue
			}
			each(p)
		}
	}
	return errors.Join(r.close(ctx), os.RemoveAll(dir))
}

func (r *runner) profile(ctx context.Context, sc *Scenario, side Side, path string) (p Profile, err error) {
	start := time.Now()
	for work := int64(profileFactor); work <= profileLimit; work *= profileFactor {
		p, err = r.profileOf(ctx, sc, side, path, work)
		if err != nil || p.Samples >= enoughSamples || time.Since(start) > longEnough {
			break
		}
	}
	return p, err
}

// profileOf profiles one sample with work times the work.
func (r *runner) profileOf(ctx context.Context, sc *Scenario, side Side, path string, work int64) (Profile, error) {
	m := &Measurement{Scenario: sc, Params: sc.Params}
	if r.cfg.Quick {
		m.Params = m.Params.with(sc.Quick)
	}
	m.Params = m.Params.with(Params{sc.Work: m.Params[sc.Work] * work})
	spec := r.spec(m, side, 0)
	spec.CPUProfile = path
	if _, err := r.launch.run(ctx, sc, side, spec); err != nil {
		return Profile{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return Profile{}, err
	}
	defer f.Close()
	parsed, err := profile.Parse(f)
	if err != nil {
		return Profile{}, err
	}
	p := hot(parsed)
	p.Scenario, p.Side = sc.Name, side.Name
	return p, nil
}

// hot counts samples by function: flat where it is on top, cum where it is
// anywhere on the stack, once however often it recurs.
func hot(p *profile.Profile) Profile {
	flat, cum := map[string]int64{}, map[string]int64{}
	var total int64
	for _, s := range p.Sample {
		n := s.Value[0] // samples; the second value is their time
		total += n
		seen := map[string]bool{}
		for depth, loc := range s.Location {
			for i, line := range loc.Line { // inlined calls, innermost first
				name := line.Function.Name
				if depth == 0 && i == 0 {
					flat[name] += n
				}
				if !seen[name] {
					seen[name] = true
					cum[name] += n
				}
			}
		}
	}
	return Profile{Samples: total, Hottest: ranking(flat, cum, total)}
}

func ranking(flat, cum map[string]int64, total int64) []Hot {
	var out []Hot
	for name, n := range cum {
		out = append(out, Hot{name, share(flat[name], total), share(n, total)})
	}
	slices.SortFunc(out, func(a, b Hot) int {
		return cmp.Or(cmp.Compare(b.Flat, a.Flat), cmp.Compare(b.Cum, a.Cum), cmp.Compare(a.Function, b.Function))
	})
	return out[:min(len(out), hottest)]
}

func share(n, total int64) float64 {
	if total == 0 {
		return 0
	}
	return float64(n) / float64(total)
}

// WriteProfile writes a profile as a table.
func WriteProfile(w io.Writer, p Profile) error {
	fmt.Fprintf(w, "%s, side %s: the hottest functions of %d samples\n", p.Scenario, p.Side, p.Samples)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "flat\tcum\t")
	for _, h := range p.Hottest {
		fmt.Fprintf(t, "%.1f %%\t%.1f %%\t  %s\n", 100*h.Flat, 100*h.Cum, h.Function)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}
