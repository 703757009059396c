// Package timerwheel holds timers by the million and gives them back in exact
// order. It is a data structure only: it has no clock, calls nobody, and knows
// a timer as a deadline and an ID. Deadlines are any int64; the owner decides
// what they count. The comments speak of nanoseconds.
//
// # Model
//
// Time is cut into ticks of 2^16 units. Eight levels of 64 slots lie over it,
// each slot of a level as wide as the whole level below:
//
//	level   slot     level reaches
//	  0     65.5 us      4.2 ms
//	  1      4.2 ms      268 ms
//	  2      268 ms     17.2 s
//	  3     17.2 s      18.3 min
//	  4     18.3 min    19.5 h
//	  5     19.5 h      52.1 days
//	  6     52.1 days    9.1 years
//	  7      9.1 years   584 years: every int64
//
// A timer lies on the level of the highest base-64 digit in which its tick
// differs from the current one. As time enters a slot its timers move to lower
// levels, and when their tick has come they are sorted, once. A word per level
// says which slots are occupied, so that empty time costs nothing, whether it
// is a microsecond or a century. A slot is a chain of chunks of 64 keys; a key
// is a deadline and an ID, without pointers, so a garbage collection looks at
// one pointer for 64 timers.
//
// # Guarantees
//
//   - Pop yields timers by deadline to the last bit, and equal deadlines in the
//     order in which they were registered. A Move registers anew.
//   - Next is the deadline of a live timer: no cancelled timer wakes anybody,
//     and no level boundary does.
//   - IDs are dense: each is less than the largest number of timers that lived at
//     once.
//   - Nothing is allocated while the number of timers stays in its range.
//
// A Wheel is for one goroutine at a time.
//
// # Cost
//
// Add, Move and Cancel are O(1) and touch few cache lines: beside a million
// others one miss is left, that of reading where the timer is. Pop and Next are
// O(1) amortised; a timer that is popped has moved down three levels if it was
// added 10 s ahead. Only timers added with a deadline of the current tick or
// earlier, and out of order at that, cost O(log) of their own number. Add, Move
// and Cancel touch a hundred keys at the very most, and grow a table now and
// then; Pop and Next may have to go through all the keys of one slot.
//
// A timer takes 12 bytes for its key and 8.5 for tables: with slices that grow
// and chunks not quite full 20 to 30 bytes after adding, and 60 at the very
// most, when cancellations have thinned out the chunks as far as they are
// allowed to. Cancelled timers leave at once. The chunks of a burst are given
// back as it ends, except for 256 and half as many as are in use; the tables,
// 8.5 bytes a timer, when the wheel is next empty.
package timerwheel
