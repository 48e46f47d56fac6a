package main

import (
	"wazeronode/describe"
	"wazeronode/handles"
)

// descriptionHandle is that of one compiled module of JavaScript to a description that others may have, too.
type descriptionHandle struct {
	*describe.Description
	rt     *runtimeState
	handle handles.Handle
}

func (rt *runtimeState) addDescription(d *describe.Description) handles.Handle {
	h := &descriptionHandle{Description: d, rt: rt}
	h.handle = handles.Add(handles.Description, h)
	rt.own(h)
	return h.handle
}

// disown is the end of it: idempotent.
func (h *descriptionHandle) disown() {
	if handles.Remove(h.handle, handles.Description) != nil {
		h.rt.release(h)
	}
}
