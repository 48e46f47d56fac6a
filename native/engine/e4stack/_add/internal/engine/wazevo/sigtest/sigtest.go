//go:build linux && cgo

// Package sigtest is for tests: a signal handler as a library that knows nothing of guests' stacks would set it.
package sigtest

/*
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

static atomic_int handled;
static atomic_size_t lowest;

// A handler that uses 4 KiB, without SA_ONSTACK.
static void on_signal(int sig) {
  volatile char used[4096];
  (void)sig;
  for (size_t i = 0; i < sizeof used; i++) used[i] = 0x5a;
  size_t at = (size_t)used, low = atomic_load(&lowest);
  while (at < low && !atomic_compare_exchange_weak(&lowest, &low, at)) {}
  atomic_fetch_add(&handled, 1);
}

static int install(int sig) {
  struct sigaction sa;
  memset(&sa, 0, sizeof sa);
  sa.sa_handler = on_signal;
  sa.sa_flags = SA_RESTART;
  atomic_store(&handled, 0);
  atomic_store(&lowest, (size_t)-1);
  return sigaction(sig, &sa, 0);
}
static int count(void) { return atomic_load(&handled); }
static size_t lowest_address(void) { return atomic_load(&lowest); }
*/
import "C"

import "syscall"

// Thread is an OS thread.
type Thread C.pthread_t

// Self is the calling thread.
func Self() Thread { return Thread(C.pthread_self()) }

// Install sets the handler for a signal and zeroes Handled and Lowest.
func Install(sig syscall.Signal) bool { return C.install(C.int(sig)) == 0 }

// Send sends a signal to a thread.
func Send(t Thread, sig syscall.Signal) { C.pthread_kill(C.pthread_t(t), C.int(sig)) }

// Handled is how often the handler has run.
func Handled() int { return int(C.count()) }

// Lowest is the lowest address that the handler has written.
func Lowest() uintptr { return uintptr(C.lowest_address()) }
