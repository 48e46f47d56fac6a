package arena

import "sync"

// Classes of ranges: a memory that outgrows one moves to the next. Each class is packed into arenas, because page tables and the
// kernel's number of mappings (65,530 by default) bound what wide spacing or a mapping each would cost.
var classes = [...]struct {
	bytes uint64
	slots uint64 // in one arena
}{
	{128 << 10, 1024},
	{1 << 20, 256},
	{16 << 20, 64},
	{256 << 20, 16},
	{4 << 30, 4},
}

const single = -1 // the class of a range that is a mapping of its own

// span is a range: in use, then retired, then on a free list (or, if single, unmapped) once its last pin is gone.
type span struct {
	bytes []byte // the whole capacity
	class int
	used  uint64 // bytes that may be other than zero; written by its memory
	// mapped is how many of the first bytes are an image's, privately; not while the range is free.
	mapped uint64
	opened uint64 // bytes that can be accessed, of a guarded range
	image  *Image // that is mapped over it
	kept   uint64 // of a range that is kept warm: bytes of pages that were written

	pins    int // guarded by pool.mu, as is retired
	retired bool
}

func (s *span) isGuarded() bool  { return s.class == guarded }
func (s *span) capacity() uint64 { return uint64(len(s.bytes)) }

// slice has no capacity beyond its length: nobody appends into the range.
func (s *span) slice(size uint64) []byte { return s.bytes[:size:size] }

// pool is process wide.
type pool struct {
	mu   sync.Mutex
	free [len(classes)][][]byte
}

var ranges pool

// reserve returns a range of at least size bytes, all zero, or nil. A memory never grows beyond most.
func (p *pool) reserve(size, most uint64) *span {
	s := p.reserveClass(size)
	if s == nil {
		s = reserveSingle(size, most)
	}
	if s != nil {
		stats.live.Add(1)
	}
	return s
}

func (p *pool) reserveClass(size uint64) *span {
	if !packed {
		return nil
	}
	for class := range classes {
		if classes[class].bytes < size {
			continue
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.free[class]) == 0 && !p.addArena(class) {
			return nil
		}
		last := len(p.free[class]) - 1
		bytes := p.free[class][last]
		p.free[class] = p.free[class][:last]
		unseal(bytes)
		return &span{bytes: bytes, class: class}
	}
	return nil
}

// addArena takes fewer slots where address space is scarce, and where the system refuses many.
func (p *pool) addArena(class int) bool {
	size := classes[class].bytes
	for slots := classes[class].slots; slots > 0; slots /= 2 {
		if slots*size > mostAtOnce() {
			continue
		}
		arena, err := mapBytes(slots * size)
		if err != nil {
			continue
		}
		stats.reserved.Add(int64(len(arena)))
		for end := slots * size; end > 0; end -= size { // the first slot is handed out first
			p.free[class] = append(p.free[class], arena[end-size:end:end])
		}
		return true
	}
	return false
}

// reserveSingle is for a size whose class the system refuses: twice the size, so that growing does not copy each time, or just the size.
func reserveSingle(size, most uint64) *span {
	const pageOfGuest = 1 << 16
	size = max(size, pageOfGuest)
	for _, n := range [...]uint64{min(2*size, most), size} {
		if n < size {
			continue
		}
		if bytes, err := mapBytes(n); err == nil {
			stats.reserved.Add(int64(n))
			return &span{bytes: bytes, class: single}
		}
	}
	return nil
}

// empty gives the pages of a range back to the system: it reads as zero from now on.
func (p *pool) empty(s *span) {
	if s.mapped > 0 {
		unmapImage(s.bytes[:s.mapped])
		s.mapped, s.image = 0, nil
	}
	if s.used > 0 {
		discard(s.bytes[:s.used])
	}
}

// retire ends the use of a range by its memory. Under pins it is in quarantine until the last one goes.
func (p *pool) retire(s *span) {
	if s.image != nil && !p.isPinned(s) && warm.keep(s) { // there is no memory any more that could be pinned
		stats.live.Add(-1)
		return
	}
	p.empty(s)
	p.mu.Lock()
	s.retired = true
	last := s.pins == 0
	p.mu.Unlock()
	if last {
		p.reuse(s)
	} else {
		stats.quarantined.Add(1)
	}
}

func (p *pool) isPinned(s *span) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.pins > 0
}

func (p *pool) pin(s *span) {
	p.mu.Lock()
	s.pins++
	p.mu.Unlock()
}

func (p *pool) unpin(s *span) {
	p.mu.Lock()
	s.pins--
	last := s.retired && s.pins == 0
	p.mu.Unlock()
	if last {
		stats.quarantined.Add(-1)
		p.empty(s) // what was written through the pin
		p.reuse(s)
	}
}

// reuse is called once for each span, by whoever had it last.
func (p *pool) reuse(s *span) {
	stats.live.Add(-1)
	if s.class == guarded {
		reuseGuarded(s)
		return
	}
	if s.class == single {
		stats.reserved.Add(-int64(len(s.bytes)))
		unmap(s.bytes)
		return
	}
	seal(s.bytes)
	p.mu.Lock()
	p.free[s.class] = append(p.free[s.class], s.bytes)
	p.mu.Unlock()
}
