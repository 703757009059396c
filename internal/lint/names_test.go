package lint

import "testing"

func TestTestNames(t *testing.T) {
	const test = "package p\nfunc TestX() {}\n"
	for path, text := range map[string]string{
		"p/wheel.go":       "package p\n",
		"p/epoll_linux.go": "package p\n",
	} {
		files := []*File{snippet(t, path, text)}
		for _, c := range []struct {
			path, text string
			want       int
		}{
			{"p/p_test.go", test, 0},
			{"p/alloc_test.go", test, 0},
			{"p/wheel_alloc_test.go", test, 0},
			{"p/other_test.go", test, 1},
			{"p/other_test.go", "package p\nfunc helper() {}\n", 0},
			{"p/other_test.go", "package p\nfunc Testify() {}\n", 0},
			{"q/epoll_test.go", test, 1},
			{"p/wheels_test.go", test, 1},
		} {
			if c.path == "p/wheel_alloc_test.go" && path != "p/wheel.go" {
				continue
			}
			if got := TestNames(append(files, snippet(t, c.path, c.text))); len(got) != c.want {
				t.Errorf("%s beside %s: %v", c.path, path, got)
			}
		}
	}
}
