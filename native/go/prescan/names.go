package prescan

import "fmt"

const (
	// maxNameBytes is V8's for the names of imports and exports. Here it is that of every name that wazero decodes, the name section included,
	// whose names end up in traces and definitions. (wazero refuses a name section that it cannot read, and does not look at subsections that
	// it does not know; neither does this.)
	maxNameBytes = 100_000
	// For each module that is imported from, JavaScript is asked what it is, on its thread, whenever the module is instantiated. Real modules
	// import from a dozen.
	maxImportModules     = 10_000
	maxImportModuleBytes = 256 << 10
	// maxMemoryNames: the definition of a memory has all of them. Real ones have one.
	maxMemoryNames = 100_000
	// maxToldBytes bounds the names of imports, exports and custom sections together: what JavaScript can ask for. Real modules have less than
	// a tenth of it.
	maxToldBytes = 64 << 20
)

// names counts those of one module.
type names struct {
	told        uint64
	modules     map[string]struct{} // imported from
	moduleBytes int
	last        []byte // of the import before
}

func (s *scanner) tooLong(what string, name []byte) error {
	return s.fail("%s has %d bytes, over the limit of %d", what, len(name), maxNameBytes)
}

// tell counts a name that JavaScript can ask for.
func (s *scanner) tell(what string, name []byte) error {
	if len(name) > maxNameBytes {
		return s.tooLong(what, name)
	}
	if s.names.told += uint64(len(name)); s.names.told > maxToldBytes {
		return &Error{"moduleBytes", fmt.Sprintf("section %s: the names of imports, exports and custom sections take over %d bytes, the most that a module may have of them", s.section, maxToldBytes)}
	}
	return nil
}

// importFrom counts the modules that are imported from.
func (s *scanner) importFrom(module []byte) error {
	n := &s.names
	if n.modules == nil {
		n.modules = map[string]struct{}{}
	} else if string(n.last) == string(module) {
		return nil
	}
	n.last = module
	if _, known := n.modules[string(module)]; known {
		return nil
	}
	n.modules[string(module)] = struct{}{}
	n.moduleBytes += len(module)
	if len(n.modules) > maxImportModules || n.moduleBytes > maxImportModuleBytes {
		return s.fail("imports from over %d modules, or with over %d bytes of their names", maxImportModules, maxImportModuleBytes)
	}
	return nil
}
