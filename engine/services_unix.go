//go:build !windows

package engine

// servicesFile is the system's list of services: services(5).
func servicesFile() string { return "/etc/services" }
