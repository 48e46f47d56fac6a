#ifndef WAZERO_NODE_ENVIRONMENT_H
#define WAZERO_NODE_ENVIRONMENT_H
#include <atomic>
#include <memory>

#include "lanes/direct.h"
#include "lanes/express.h"
#include "messages/message_queue.h"
#include "values/napi_setup.h"

namespace wazero_node {

/**
 * What one binding object (see addon.cc) owns; an environment of Node (the main thread or a Worker) has one for each
 * copy of the package that was loaded in it. Everything here belongs to the JS thread, but `id`, `queue` and
 * one method of `direct`; calls of `express` are seen by its thread, too, under the lock of ExpressPool.
 *
 * Lifetime, in this order, each a rule that a crash taught:
 *  1. The registry holds it by shared_ptr: a Go thread may be posting while the Worker ends.
 *  2. The cleanup hook closes the queue before Node deletes the threadsafe functions; nothing touches them afterwards.
 *  3. The hook never waits for a guest: wz_env_close stops what it can and abandons the rest.
 *  4. References are deleted by the hook, or nobody does: Node forgets strong ones (280 bytes for each Worker). Later is too late.
 */
class Environment : public std::enable_shared_from_this<Environment> {
 public:
  explicit Environment(napi_env env) : env(env), id(next_id_.fetch_add(1)) {}
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  /** Takes the hooks, starts Go (once in the process) and the queue. False: an exception is pending. */
  bool Start(napi_value hooks);
  bool started() const { return started_; }

  /** False once JavaScript was terminated: a call of a function that does nothing fails then. No exception is pending
   * before and after. */
  bool Alive();
  /** After a failed call of JavaScript: clears what is pending. False: JavaScript was terminated; else `exception` was
   * thrown. */
  bool TakeException(napi_value* exception);

  napi_value Value(napi_ref reference) const {
    napi_value value = nullptr;
    return napi_get_reference_value(env, reference, &value) == napi_ok ? value : nullptr;
  }

  const napi_env env;
  const uint64_t id;  // never reused in the process
  MessageQueue queue;
  DirectCalls direct;
  ExpressCalls express;

  /** Go is about to be asked something in which this frame, or every one, plays a part: it may not know it yet. */
  void Adopt(uint64_t frame) {
    direct.Adopt(frame);
    express.Adopt(frame);
  }
  void AdoptAll() {
    direct.AdoptAll();
    express.AdoptAll();
  }
  /**
   * Or something of modules whose group is at rest, but for direct calls that this thread stands in. Express calls of other groups are none of its
   * concern, and may be very many; unless groups use each other's shared memories: then closing one may let go of what another one has.
   */
  void AdoptAtRest() {
    direct.AdoptAll();
    if (groups_depend) express.AdoptAll();
  }
  bool groups_depend = false;

  wz_frame_options Options(uint64_t frame, uint32_t lane, int64_t deadline, uint64_t fuel, uint64_t cpu,
                           uint64_t ran) const {
    wz_frame_options options{};
    options.env = id;
    options.frame = frame;
    options.lane = lane;
    options.timeout_ns = TimeLeft(deadline);
    options.fuel = fuel;
    options.cpu_ns = cpu;
    options.ran_ns = ran;
    return options;
  }

  napi_ref message_hook = nullptr, upcall_hook = nullptr, read_hook = nullptr, error_hook = nullptr;
  napi_ref express_hook = nullptr;
  napi_ref parse_json = nullptr, nothing = nullptr;
  napi_ref no_words = nullptr, no_bytes = nullptr;  // most messages have none: two arrays less to make for each

  /** Any thread; empty when it has ended. */
  static std::shared_ptr<Environment> Find(uint64_t id);
  /** Any thread: how many live in the process. */
  static int Count();
  /** Makes one and has it end with `env`. */
  static Environment* Open(napi_env env);

 private:
  static void Cleanup(void* holder);
  void DeleteReferences();
  bool started_ = false;
  static std::atomic<uint64_t> next_id_;
};

/** Says which environment this thread is in while Go may call back: upcalls come on this thread, inside wz_call or
 * wz_instantiate. */
class SyncScope {
 public:
  explicit SyncScope(Environment* environment);
  ~SyncScope();
  SyncScope(const SyncScope&) = delete;
  SyncScope& operator=(const SyncScope&) = delete;
  /** Null where no export is being called on this thread for environment `id`. */
  static Environment* Current(uint64_t id);

 private:
  Environment* outer_;
};

/** The callback table of wazero_node.h; see upcall.cc. */
extern const wz_callbacks kCallbacks;

}  // namespace wazero_node
#endif
