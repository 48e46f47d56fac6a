package wasmdebug

// Places is Line for any number of offsets.
func (d *DWARFLines) Places(offsets []uint64) [][]string {
	all := make([][]string, len(offsets))
	if d == nil {
		return all
	}
	for i := 0; i < len(offsets); i += MaxFrames {
		some := offsets[i:min(i+MaxFrames, len(offsets))]
		sources := d.sources(some, newBudget())
		copy(all[i:], sources[:len(some)])
	}
	return all
}
