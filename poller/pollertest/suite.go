package pollertest

import (
	"testing"

	"github.com/shardloop/shardloop/poller"
)

// Run runs every test of the contract on the fixtures of open.
func Run(t *testing.T, name string, open Open) {
	t.Run(name, func(t *testing.T) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) { test.run(newTrial(t, open)) })
		}
		for _, test := range waitTests {
			for _, m := range modes {
				t.Run(test.name+"/"+m.name, func(t *testing.T) { test.run(newTrial(t, open), m.mode) })
			}
		}
	})
}

var modes = []struct {
	name string
	mode poller.Mode
}{{"Block", poller.Block}, {"Park", poller.Park}}

var tests = []struct {
	name string
	run  func(*trial)
}{
	{"LevelRepeats", levelRepeats},
	{"LevelAsksPerDirection", levelAsksPerDirection},
	{"LevelPeerClosed", levelPeerClosed},
	{"EdgeOnce", edgeOnce},
	{"EdgeAnew", edgeAnew},
	{"EdgeUnread", edgeUnread},
	{"EdgeBothDirections", edgeBothDirections},
	{"EdgeOneDirection", edgeOneDirection},
	{"EdgePeerClosed", edgePeerClosed},
	{"HangUpAlways", hangUpAlways},
	{"FailedAlways", failedAlways},
	{"HangUpSettles", hangUpSettles},
	{"ReadableFirst", readableFirst},
	{"Tokens", tokens},
	{"OwnIndex", ownIndex},
	{"Errors", registrationErrors},
	{"RegularFile", regularFile},
	{"Modify", modify},
	{"ModifyEdge", modifyEdge},
	{"Remove", remove},
	{"RemoveOneOfMany", removeOneOfMany},
	{"ForgetAndReuse", forgetAndReuse},
	{"RebuildKeeps", rebuildKeeps},
	{"RebuildStale", rebuildStale},
	{"RebuildSkipsClosed", rebuildSkipsClosed},
	{"RebuildFails", rebuildFails},
	{"ManyReady", manyReady},
	{"ManyReadyEdge", manyReadyEdge},
	{"BatchValid", batchValid},
	{"ReadinessCarriesNoCompletion", noCompletion},
	{"Closed", closed},
	{"TraitsConstant", traitsConstant},
}

var waitTests = []struct {
	name string
	run  func(*trial, poller.Mode)
}{
	{"DeadlineNeverEarly", deadlineNeverEarly},
	{"DeadlinePast", deadlinePast},
	{"DeadlineMoves", deadlineMoves},
	{"DeadlineAfterEvent", deadlineAfterEvent},
	{"WaitReturnsEvents", waitReturnsEvents},
	{"WaitForPeer", waitForPeer},
	{"WakeEndsWait", wakeEndsWait},
	{"WakeBeforeWait", wakeBeforeWait},
	{"WakeSurvivesPoll", wakeSurvivesPoll},
	{"WakesCountOnce", wakesCountOnce},
	{"WakeWithEvents", wakeWithEvents},
	{"WakeFromMany", wakeFromMany},
	{"WakeAndRebuild", wakeAndRebuild},
	{"RebuildBetweenWaits", rebuildBetweenWaits},
	{"DeadlineAfterRebuild", deadlineAfterRebuild},
	{"CloseAfterWait", closeAfterWait},
}
