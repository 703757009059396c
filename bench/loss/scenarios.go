package loss

import "regexp"

// Scenarios are all of them, in the order of the table.
func Scenarios() []Scenario {
	const mib = 1 << 20
	return []Scenario{
		{
			Name: "emfile", Role: "loss-echo", Network: "tcp", run: exhausted,
			Text: "16 connections, then 32 more and no descriptor left: the 16 go on, and nothing spins for 2 s; then the 32 give up, 8 of the 16 close, and a new one is served",
		},
		{
			Name: "close", Role: "loss-reply", Network: "tcp", Size: 16 * mib, run: closes,
			Text: "8 times 16 MiB are written at the first byte and the connection is closed: all of it arrives",
		},
		{
			Name: "close-slow", Role: "loss-reply", Network: "tcp", Size: 16 * mib, run: closesSlowly,
			Text: "the same once, with a reader that takes 64 KiB a millisecond",
		},
		{
			Name: "close-unix", Role: "loss-reply", Network: "unix", Size: 16 * mib, run: closes,
			Text: "the same over a unix socket, 8 times",
		},
		{
			Name: "open", Role: "loss-open", Network: "tcp", Size: 16 * mib, run: opens,
			Text: "16 MiB are written when the connection opens, and it stays open: all of it arrives",
		},
		{
			Name: "writev", Role: "loss-writev", Network: "tcp", Size: 16 * mib, run: answers,
			Text: "4 pieces of 4 MiB in one call, and the connection stays open: all of it arrives, once",
		},
		{
			Name: "sent-1m", Role: "loss-count", Network: "tcp", Size: mib, run: sends,
			Text: "8 times the peer sends 1 MiB and closes at once: the server is given all of it",
		},
		{
			Name: "sent-8m", Role: "loss-count", Network: "tcp", Size: 8 * mib, run: sends,
			Text: "the same with 8 MiB",
		},
		{
			Name: "half-close", Role: "loss-answer", Network: "tcp", Size: 4 * mib, run: halfCloses,
			Text: "8 times the peer sends a request, ends its sending side and reads 64 KiB a millisecond: the 4 MiB that answer the end of input arrive",
		},
		{
			Name: "unread", Role: "loss-reply", Network: "tcp", Size: 2 * mib, run: unread,
			Text: "8 times the peer sends 2 MiB; at the first byte 2 MiB are written and the connection is closed, with input unread: all of it arrives",
		},
		{
			Name: "reset", Role: "loss-write", Network: "tcp", Size: 16 * mib, run: resets,
			Text: "8 times 16 MiB are written and the peer resets after 64 KiB: the server is told each time, and serves on",
		},
		{
			Name: "stall", Role: "loss-stream", Network: "tcp", Size: 64 * mib, run: stalls,
			Text: "64 MiB for a peer that does not read: they do not pile up in memory, others are served, and all of it arrives when the peer reads",
		},
		{
			Name: "abort", Role: "loss-abort", Network: "tcp", Size: mib, run: aborts,
			Text: "32 times a write, an abort and a write again; 32 times writes to a peer that has reset: the server lives and serves another connection",
		},
		{
			Name: "churn", Role: "loss-churn", Network: "tcp", run: churns,
			Text: "10,000 connections with a message each, closed by FIN, by reset and by half-close, while another goroutine writes to all open ones: each message comes back, and no descriptor is left",
		},
	}
}

// Select are the scenarios whose names match, all for nil.
func Select(all []Scenario, match *regexp.Regexp) []Scenario {
	var list []Scenario
	for _, sc := range all {
		if match == nil || match.MatchString(sc.Name) {
			list = append(list, sc)
		}
	}
	return list
}
