package stdio

import (
	"io"

	"wazeronode/accounts"
)

// Counted is a Buffer as one of the guests that write to it has it.
type Counted struct {
	*Buffer
	Account *accounts.Account
}

func (c *Counted) Write(p []byte) (int, error) {
	n, err := c.Buffer.Write(p)
	c.Account.Add(accounts.OutputBytes, uint64(n))
	return n, err
}

// CountedReader is input that is known from the beginning.
type CountedReader struct {
	io.Reader
	Account *accounts.Account
}

func (c *CountedReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.Account.Add(accounts.InputBytes, uint64(n))
	return n, err
}
