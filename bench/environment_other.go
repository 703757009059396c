//go:build !linux

package bench

func cpuModel() string { return unknown }

func kernel() string { return unknown }
