package bench

import (
	"errors"
	"testing"
)

// An answer that is missing is an error, in the warm-up too.
func TestAskAllChecksTheSum(t *testing.T) {
	task := Task{Spec{Params: Params{"rounds": 20, "loops": 4}}}
	for _, wrong := range []int{1, 23} { // of three rounds of warm-up, and twenty
		rounds := 0
		_, err := askAll(task, func() (int64, error) {
			if rounds++; rounds == wrong {
				return 3, nil
			}
			return 4, nil
		})
		if !errors.Is(err, errSum) || rounds != wrong {
			t.Errorf("round %d of %d: %v", wrong, rounds, err)
		}
	}
	failure := errors.New("the reason")
	if _, err := askAll(task, func() (int64, error) { return 4, failure }); !errors.Is(err, failure) {
		t.Error(err)
	}
}
