package bench

func drivePipelined(t Task, s *served) (Metrics, error) {
	batches := t.Param("requests") / pipelineDepth
	return exchange(t, s, pipelinedSize, t.Param("warmup")/pipelineDepth, batches, batches*pipelineDepth)
}
