/* The limits of a native call and of a trip to another thread and back. */
#include <node_api.h>
#include <stdlib.h>

static napi_value Empty(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  return NULL;
}

typedef struct {
  napi_async_work work;
  napi_deferred deferred;
} Trip;

static void Execute(napi_env env, void *data) { (void)env, (void)data; }
static void Complete(napi_env env, napi_status status, void *data) {
  Trip *trip = data;
  napi_value undefined;
  (void)status;
  napi_get_undefined(env, &undefined);
  napi_resolve_deferred(env, trip->deferred, undefined);
  napi_delete_async_work(env, trip->work);
  free(trip);
}
static napi_value RoundTrip(napi_env env, napi_callback_info info) {
  Trip *trip = malloc(sizeof *trip);
  napi_value promise, name;
  (void)info;
  napi_create_promise(env, &trip->deferred, &promise);
  napi_create_string_utf8(env, "trip", NAPI_AUTO_LENGTH, &name);
  napi_create_async_work(env, NULL, name, Execute, Complete, trip, &trip->work);
  napi_queue_async_work(env, trip->work);
  return promise;
}

NAPI_MODULE_INIT() {
  napi_value empty, trip;
  napi_create_function(env, "empty", NAPI_AUTO_LENGTH, Empty, NULL, &empty);
  napi_create_function(env, "roundTrip", NAPI_AUTO_LENGTH, RoundTrip, NULL, &trip);
  napi_set_named_property(env, exports, "empty", empty);
  napi_set_named_property(env, exports, "roundTrip", trip);
  return exports;
}
