package engine

import (
	"fmt"
	"strings"
)

// MultiError is several errors at once, those of all attempts to connect, say:
// ExceptionGroup. errors.Is and errors.As find what is in any of them.
type MultiError struct {
	Errs []error
}

// Error has the texts of all.
func (e *MultiError) Error() string {
	texts := make([]string, len(e.Errs))
	for i, err := range e.Errs {
		texts[i] = err.Error()
	}
	return "multiple errors: " + strings.Join(texts, ", ")
}

// Unwrap is all of them.
func (e *MultiError) Unwrap() []error { return e.Errs }

// connectError makes one error of those of all attempts: itself when there was
// one, or when all say the same, and otherwise a *MultiError; with all, always
// that. An attempt with several errors has them one by one. Without an error the
// time was up before any attempt ended.
func connectError(errs []error, all bool) error {
	errs = flat(errs)
	switch {
	case len(errs) == 0:
		return fmt.Errorf("no connection was made: %w", ErrTimeout)
	case all || !sameText(errs):
		return &MultiError{errs}
	}
	return errs[0]
}

// flat has the parts of a *MultiError in its place.
func flat(errs []error) (all []error) {
	for _, err := range errs {
		if several, ok := err.(*MultiError); ok {
			all = append(all, several.Errs...)
		} else {
			all = append(all, err)
		}
	}
	return all
}

func sameText(errs []error) bool {
	for _, err := range errs {
		if err.Error() != errs[0].Error() {
			return false
		}
	}
	return true
}
