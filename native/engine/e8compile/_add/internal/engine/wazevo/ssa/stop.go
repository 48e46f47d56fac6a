package ssa

import "errors"

var errStopped = errors.New("nobody waits for this function any more")

// StopAt has the work on a function end by a panic when done is closed. Each pass looks for that, for each of them takes long for some
// function: values of many variables are found through many blocks (30 KB of WebAssembly: more than a minute), blocks have many branches
// to them, and at last there is a function of 7 MB without any.
func (b *builder) StopAt(done <-chan struct{}) { b.stop = done }

func (b *builder) poll() {
	select {
	case <-b.stop:
		panic(errStopped)
	default:
	}
}

// Tick is poll for what is done for each instruction.
func (b *builder) Tick() {
	if b.ticks++; b.ticks%64 == 0 {
		b.poll()
	}
}

func (dt *dominatorSparseTree) poll(i int) {
	if i%1024 == 0 && dt.look != nil {
		dt.look()
	}
}

// tour is eulerTour without recursion: the stack of a goroutine has an end, and reaching it ends the process.
func (dt *dominatorSparseTree) tour(root *basicBlock) {
	type step struct {
		node, child *basicBlock // child: the next one
	}
	visit := func(node *basicBlock, height int) {
		dt.euler[dt.time] = node
		dt.depth[dt.time] = int32(height)
		dt.time++
		dt.poll(int(dt.time))
	}
	enter := func(node *basicBlock, height int) step {
		if dt.first[node.id] == -1 {
			dt.first[node.id] = dt.time
		}
		visit(node, height)
		return step{node, node.child}
	}
	stack := []step{enter(root, 0)}
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if child := top.child; child != nil {
			top.child = child.sibling
			stack = append(stack, enter(child, len(stack)))
		} else if stack = stack[:len(stack)-1]; len(stack) > 0 {
			visit(stack[len(stack)-1].node, len(stack)-1)
		}
	}
}
