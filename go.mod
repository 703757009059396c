module github.com/shardloop/shardloop

go 1.25.0
