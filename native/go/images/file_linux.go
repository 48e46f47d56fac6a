package images

const canSeekData = true
