//go:build !unix

package main

import "github.com/shardloop/shardloop/engine"

// reset aborts a connection.
func reset(t engine.Transport) { t.Abort() }
