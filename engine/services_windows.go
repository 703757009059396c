package engine

import (
	"os"
	"path/filepath"
)

// servicesFile is the system's list of services.
func servicesFile() string {
	return filepath.Join(os.Getenv("SystemRoot"), "System32", "drivers", "etc", "services")
}
