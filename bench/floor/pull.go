package floor

import "iter"

// Pull is a coroutine that yields and does nothing else: a task that goes on
// costs the one switch there and the one back.
type Pull struct {
	Next  func() (struct{}, bool) // there and back
	Close func()
}

// NewPull makes one that begins with the first Next.
func NewPull() *Pull {
	p := &Pull{}
	p.Next, p.Close = iter.Pull(func(yield func(struct{}) bool) {
		for yield(struct{}{}) {
		}
	})
	return p
}
