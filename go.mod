module github.com/shardloop/shardloop

go 1.25.0

require (
	github.com/HdrHistogram/hdrhistogram-go v1.4.0
	github.com/cloudwego/netpoll v0.7.2
	github.com/google/pprof v0.0.0-20250607225305-033d6d78b36a
	github.com/spf13/cobra v1.10.2
	github.com/valyala/bytebufferpool v1.0.0
	golang.org/x/perf v0.0.0-20250605212013-b481878a17be
	golang.org/x/sys v0.46.0
	golang.org/x/term v0.44.0
)

require (
	github.com/aclements/go-moremath v0.0.0-20210112150236-f10218a38794 // indirect
	github.com/bytedance/gopkg v0.1.1 // indirect
	github.com/cloudwego/gopkg v0.1.4 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
)
