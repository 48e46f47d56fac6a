package main

import (
	"wazeronode/accounts"
	"wazeronode/failure"
	"wazeronode/handles"
)

// openAccount is that of an instance that is about to be made, with the instance charged to it.
func openAccount(h handles.Handle) (*accounts.Account, error) {
	var tenant *accounts.Tenant
	if h != 0 {
		t, err := handles.Lookup[*accounts.Tenant](h, handles.Tenant)
		if err != nil {
			return nil, errClosedTenant
		}
		tenant = t
	}
	account, ok := accounts.New(tenant)
	if !ok {
		return nil, errClosedTenant
	}
	if !account.Take(accounts.Instances, 1) {
		account.Retire()
		return nil, failure.Limit(accounts.Instances.Limit(), "the tenant has as many instances as it may have, by the limit "+accounts.Instances.Limit())
	}
	return account, nil
}

var errClosedTenant = failure.Closed("the tenant is closed")

// closeAccount is for an instance that was never to be seen.
func (m *moduleState) closeAccount() {
	m.account.Give(accounts.Instances, 1)
	m.account.Retire()
}

// tenantFor makes one, or finds the shared one.
func tenantFor(env uint64, name string, shared bool, limits accounts.Limits) *accounts.Tenant {
	return accounts.Open(env, name, shared, limits, func(t *accounts.Tenant) uint64 {
		return uint64(handles.Add(handles.Tenant, t))
	})
}

// closeTenants is for an environment that has ended.
func closeTenants(env uint64) {
	for _, t := range accounts.CloseEnv(env) {
		handles.Remove(handles.Handle(t.Handle), handles.Tenant)
	}
}
