package processor

import (
	"runtime"
	_ "runtime/cgo" // threads are the C library's, as in our program
	"testing"
	"time"
)

func spin(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
	}
}

// A thread that sleeps for as long as it runs is charged for what it ran, whoever asks. In a program with cgo, as ours: others do not know their threads.
func TestWhoSleepsIsNotCharged(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := time.Now()
	now := func() time.Duration { return time.Since(began) + time.Hour }
	start := now()
	thread := Begin(start)
	if thread == nil {
		t.Skip("charged by the clock here")
	}
	spin(20 * time.Millisecond)
	time.Sleep(50 * time.Millisecond)
	other := make(chan time.Duration)
	go func() { other <- thread.SoFar(start, now()) }()
	seen := <-other
	ran := thread.Ran(start, now())
	if took := now() - start; ran <= 0 || ran > took-45*time.Millisecond || seen > took-45*time.Millisecond {
		t.Fatal("charged ", ran, ", seen from outside ", seen, " of ", took)
	}
	start = now()
	Begin(start)
	if ran := thread.Ran(start, start+short); ran != short {
		t.Fatal("what is short goes by the clock: ", ran)
	}
}

func TestThreadsGiveWay(t *testing.T) {
	for id := uintptr(1); id < 20_000; id++ {
		if t := find(id << 12); t != nil {
			t.at.Store(int64(id))
		}
	}
	if a := find(19_999 << 12); a == nil || a != find(19_999<<12) || a.at.Load() != 19_999 {
		t.Fatal("the last one is not found")
	}
}
