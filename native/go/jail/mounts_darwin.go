package jail

// slowMounts: not found out on this system.
func slowMounts() []string { return nil }

func isAmong(string, []string) bool { return false }
