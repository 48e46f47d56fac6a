// What an order costs: asks the host for the price list and multiplies. Built with wasi-libc as a reactor:
//   clang-14 --target=wasm32-wasi --sysroot=/usr -fuse-ld=/usr/bin/wasm-ld-14 -mexec-model=reactor -Oz -Wall -s -o price.wasm price.c
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(#name)))
#define HOST(name) __attribute__((import_module("host"), import_name(#name)))

HOST(log) void host_log(const char *text, uint32_t length);
HOST(fetch) uint64_t host_fetch(const char *path, uint32_t length);

EXPORT(alloc) void *plugin_alloc(uint32_t size) { return malloc(size); }
EXPORT(dealloc) void plugin_dealloc(void *pointer, uint32_t size) {
  (void)size;
  free(pointer);
}

static uint64_t pack(const char *text, size_t length) { return (uint64_t)(uintptr_t)text << 32 | length; }

// The host's texts have a length and no end; C's have an end.
static char *terminated(const char *text, size_t length) {
  char *copy = malloc(length + 1);
  if (!copy) abort();
  memcpy(copy, text, length);
  copy[length] = '\0';
  return copy;
}

// The value behind "key": in flat JSON as we get it, or NULL.
static const char *value_of(const char *json, const char *key) {
  char quoted[64];
  snprintf(quoted, sizeof quoted, "\"%s\":", key);
  const char *found = strstr(json, quoted);
  return found ? found + strlen(quoted) : NULL;
}

EXPORT(handle) uint64_t handle(const char *request, uint32_t length) {
  char *json = terminated(request, length);
  const char *item = value_of(json, "item"), *quantity = value_of(json, "quantity");
  char name[32] = "";
  if (item) sscanf(item, "\"%31[a-z]\"", name);

  char path[64];
  snprintf(path, sizeof path, "/shop/prices.json?item=%s", name);
  uint64_t fetched = host_fetch(path, strlen(path));  // the guest stands still here while the host waits for its I/O
  char *prices = fetched ? terminated((const char *)(uintptr_t)(fetched >> 32), (uint32_t)fetched) : NULL;
  const char *price = prices ? value_of(prices, name) : NULL;

  char *answer = malloc(128);
  if (!answer) abort();
  if (price && quantity) {
    long cents = atol(price) * atol(quantity);
    snprintf(answer, 128, "{\"total\":\"%ld.%02ld\"}", cents / 100, cents % 100);
  } else {
    snprintf(answer, 128, "{\"error\":\"no price for this order\"}");
    host_log(answer, strlen(answer));
  }
  free(prices);
  free(json);
  if (fetched) free((void *)(uintptr_t)(fetched >> 32));
  return pack(answer, strlen(answer));
}
