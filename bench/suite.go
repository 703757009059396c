package bench

import "slices"

// Scenarios is the whole suite in the order of its reports. Each call makes it
// afresh, so that its values may be changed.
func Scenarios() []Scenario {
	return slices.Concat(
		callbackScenarios(),
		handleScenarios(),
		taskScenarios(),
		nameScenarios(),
		readerScenarios(),
		postScenarios(),
		wakeupScenarios(),
		pingpongScenarios(),
		timerScenarios(),
		latenessScenarios(),
		idleScenarios(),
		hostScenarios(),
		echoScenarios(),
		pipelinedScenarios(),
		streamScenarios(),
		rateScenarios(),
		acceptScenarios(),
		heldScenarios(),
		crosspostScenarios(),
		bulkScenarios(),
		pipeScenarios(),
		datagramScenarios(),
		loopsScenarios(),
	)
}
