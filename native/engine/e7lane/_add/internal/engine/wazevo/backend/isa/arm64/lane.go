package arm64

// keepsPartOfRD tells whether the instruction writes one lane, or the upper half, of its destination and keeps the rest.
func (i *instruction) keepsPartOfRD() bool {
	switch i.kind {
	case vecMovElement:
		return true
	case vecMisc:
		switch vecOp(i.u1) {
		case vecOpSqxtn, vecOpSqxtun, vecOpUqxtn: // sqxtn2 and the like
			return vecArrangement(i.u2) == vecArrangement16B || vecArrangement(i.u2) == vecArrangement8H || vecArrangement(i.u2) == vecArrangement4S
		}
	}
	return false
}

func (i *instruction) useKind() useKind {
	if i.keepsPartOfRD() {
		return useKindRNRD
	}
	return useKinds[i.kind]
}

func (i *instruction) defKind() defKind {
	if i.keepsPartOfRD() {
		return defKindNone
	}
	return defKinds[i.kind]
}
