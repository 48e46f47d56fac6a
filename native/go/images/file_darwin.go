package images

const canSeekData = false
