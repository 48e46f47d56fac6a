package jail

import (
	"sync"

	"wazeronode/accounts"
)

// OpenFiles bounds how many files a guest has open at once, in all of its mounts.
type OpenFiles struct {
	mu         sync.Mutex
	open, most int
	account    *accounts.Account
}

// NewOpenFiles allows most files; 0: no limit but the system's.
func NewOpenFiles(most int) *OpenFiles { return &OpenFiles{most: most, account: &accounts.Account{}} }

// ChargedTo has them counted there, too, and that account's tenant has a say.
func (o *OpenFiles) ChargedTo(account *accounts.Account) *OpenFiles {
	o.account = account
	return o
}

// Take is false where there are too many.
func (o *OpenFiles) Take() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.most > 0 && o.open >= o.most {
		return false
	}
	if !o.account.Take(accounts.Files, 1) {
		return false
	}
	o.open++
	return true
}

// Release gives back what was taken.
func (o *OpenFiles) Release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open--
	o.account.Give(accounts.Files, 1)
}
