package bench

import "github.com/shardloop/shardloop/bench/load"

func driveStreams(t Task, s *served) (Metrics, error) {
	e, err := load.NewEcho(s.network, s.address, pipelinedSize, t.Seed)
	if err != nil {
		return nil, err
	}
	e.Lines(streamSize)
	batches := t.Param("requests") / pipelineDepth
	return exchangeBy(e, t, s, t.Param("warmup")/pipelineDepth, batches, batches*pipelineDepth)
}
