package main

import (
	"runtime"
	"strings"

	"wazeronode/arena"
	"wazeronode/failure"
	"wazeronode/handles"
)

// buildEdits is set by the build: the ids of the edits, separated by commas.
var buildEdits string

func buildInfo() any {
	edits := []string{}
	if buildEdits != "" {
		edits = strings.Split(buildEdits, ",")
	}
	engine := "upstream"
	if engineEdited {
		engine = "edited"
	}
	return map[string]any{"wazero": "v1.12.0", "go": runtime.Version(), "engine": engine, "edits": edits}
}

// stats are live counts of the process, all 0 when everything is closed.
func stats() any {
	return map[string]any{
		"runtimes":           handles.Count(handles.Runtime),
		"compilationCaches":  handles.Count(handles.Cache),
		"compiledModules":    handles.Count(handles.Compiled),
		"modules":            handles.Count(handles.Module),
		"images":             handles.Count(handles.Image),
		"callEngines":        callEngines.Load(),
		"goroutines":         failure.Goroutines.Load(),
		"memoryReservations": arena.Stats().Ranges,
	}
}
