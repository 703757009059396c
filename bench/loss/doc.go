// Package loss drives servers of several libraries through the same misfortunes
// and counts and hashes every byte at both ends.
//
// A server is a process that package servers starts in a role of package roles,
// which is one and the same code for all libraries. The client is this package,
// on package net alone, and decides: nothing that a server says about its
// success counts, but for the two things that only a server can know, what it has
// received and whether it was told of a loss.
package loss
