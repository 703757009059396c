package affinity

import (
	"testing"

	"github.com/shardloop/shardloop/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }
