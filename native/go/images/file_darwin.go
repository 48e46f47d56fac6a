package images

import "os"

const canSeekData = false

func isFixed(*os.File) bool { return false } // they are not mapped
