package wasm

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// 100,000 functions with as many exports and names of locals: 10^10 steps with upstream's searches.
func TestDefinitionsTakeTimeInTheOrderOfTheModule(t *testing.T) {
	const n = 100_000
	m := &Module{TypeSection: []FunctionType{{Params: []ValueType{i32}}}, NameSection: &NameSection{}}
	m.FunctionSection = make([]Index, n)
	m.CodeSection = make([]Code, n)
	for i := range Index(n) {
		m.ExportSection = append(m.ExportSection, Export{Name: fmt.Sprint(i), Type: ExternTypeFunc, Index: n - 1 - i})
		m.NameSection.LocalNames = append(m.NameSection.LocalNames, NameMapAssoc{Index: i, NameMap: NameMap{{Index: 0, Name: "p"}}})
	}
	m.ExportSection = append(m.ExportSection, Export{Name: "again", Type: ExternTypeFunc, Index: 7}, Export{Name: "g", Type: ExternTypeGlobal, Index: n})
	started := time.Now()
	d := m.FunctionDefinition(7)
	require.Equal(t, []string{fmt.Sprint(n - 8), "again"}, d.ExportNames())
	require.Equal(t, []string{"p"}, d.ParamNames())
	if took := time.Since(started); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestValidationStops(t *testing.T) {
	m := &Module{
		TypeSection: []FunctionType{{}}, FunctionSection: []Index{0}, CodeSection: []Code{{Body: []byte{OpcodeEnd}}},
	}
	require.NoError(t, m.ValidateUntil(nil, api.CoreFeaturesV1))
	stop := make(chan struct{})
	require.NoError(t, m.ValidateUntil(stop, api.CoreFeaturesV1))
	close(stop)
	require.Equal(t, errStopped, m.ValidateUntil(stop, api.CoreFeaturesV1))
}

func TestTypesOfAStoreAreLimited(t *testing.T) {
	s := &Store{typeIDs: map[string]FunctionTypeID{}, functionMaxTypes: maximumFunctionTypes}
	key := strings.Repeat("x", maxTypeBytes/4)
	for i := range 3 {
		_, err := s.getFunctionTypeIDByKey(key[i:])
		require.NoError(t, err)
	}
	_, err := s.getFunctionTypeIDByKey(key)
	require.NoError(t, err) // known
	_, err = s.getFunctionTypeIDByKey(key[5:])
	require.EqualError(t, err, "too many function types in a store")
}
