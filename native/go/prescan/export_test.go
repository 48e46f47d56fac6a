package prescan

// EngineUpstream says that no edits are made.
const EngineUpstream = engineUpstream

// CheckEnd also gives the end of the section or body in which Check stopped.
func CheckEnd(module []byte, limits Limits) (int, error) {
	if err := checkHeader(module); err != nil {
		return len(module), err
	}
	s := newScanner(module, limits.orDefault())
	err := s.scan()
	return s.end, err
}
