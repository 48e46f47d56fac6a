package profile

import (
	"encoding/json"
	"testing"
	"time"
)

func TestProfile(t *testing.T) {
	p := New(time.Millisecond)
	p.Add([]Function{{"inner", 5}, {"outer", 9}}, 2)
	p.Add([]Function{{"inner", 6}, {"outer", 9}}, 1)
	p.Add([]Function{{"outer", 9}}, 1)
	p.Add([]Function{{Idle, 0}}, 1)
	deep := make([]Function, 10_000)
	for i := range deep {
		deep[i] = Function{"outer", 9}
	}
	p.Add(deep, 1)
	text, err := p.End(func(key any, offsets []uint64) Described {
		lines := make([]int, len(offsets))
		for i, offset := range offsets {
			lines[i] = int(offset) * 10
		}
		return Described{Frame{FunctionName: key.(string), LineNumber: 3}, lines}
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Add([]Function{{"late", 0}}, 1)
	var got struct {
		Nodes []struct {
			ID            int
			CallFrame     Frame
			HitCount      int
			Children      []int
			PositionTicks []struct{ Line, Ticks int }
		}
		StartTime, EndTime int64
		Samples            []int
		TimeDeltas         []int64
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Samples) != 6 || len(got.TimeDeltas) != 6 || got.EndTime-got.StartTime != 6000 || len(got.Nodes) != 3+1+mostDepth-1 {
		t.Fatalf("%d samples, %d deltas, %d us, %d nodes", len(got.Samples), len(got.TimeDeltas), got.EndTime-got.StartTime, len(got.Nodes))
	}
	inner := got.Nodes[2]
	if inner.CallFrame.FunctionName != "inner" || inner.HitCount != 3 || len(inner.PositionTicks) != 2 || inner.PositionTicks[0] != struct{ Line, Ticks int }{50, 2} {
		t.Fatalf("%+v", inner)
	}
	if got.Nodes[0].CallFrame.FunctionName != "(root)" || got.Nodes[1].Children[0] != 3 {
		t.Fatalf("%+v", got.Nodes[:3])
	}
}
