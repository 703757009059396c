package roles

import "testing"

func TestSetup(t *testing.T) {
	for text, want := range map[string]int{"": defaultSize, "1": 1, "65536": 65536, "0": 0, "-1": 0, "many": 0} {
		t.Setenv(SizeVariable, text)
		s, err := FromEnvironment()
		if want == 0 && err == nil || want != 0 && (err != nil || s.Size != want) {
			t.Errorf("%q: %d, %v", text, s.Size, err)
		}
	}
}
