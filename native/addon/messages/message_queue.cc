#include "messages/message_queue.h"

#include <algorithm>
#include <chrono>

#include "environment.h"
#include "values/values.h"

namespace wazero_node {
namespace {

using std::chrono::microseconds;

constexpr microseconds kWorkOfOneTurn(250), kWorkOfOnePoll(50);
constexpr microseconds kWorkWithLone(10);  // where a tenant's only message has been delivered: what follows from it has its turn
constexpr size_t kMostKept = 4096;  // of room for messages: what a burst has taken is given back

std::atomic<int> open_functions{0};
void OnFunctionGone(napi_env, void*, void*) { open_functions--; }

}  // namespace

bool MessageQueue::Open(Environment* environment) {
  environment_ = environment;
  napi_env env = environment->env;
  napi_value name;
  if (napi_create_string_utf8(env, "wazero", NAPI_AUTO_LENGTH, &name) != napi_ok) return false;
  for (auto& waker : wakers_) {
    if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, OnFunctionGone, this, OnWake, &waker) !=
        napi_ok) {
      return false;
    }
    open_functions++;
    if (napi_unref_threadsafe_function(env, waker) != napi_ok) return false;
  }
  std::lock_guard<std::mutex> lock(mutex_);
  closed_ = false;
  return true;
}

int MessageQueue::OpenFunctions() { return open_functions; }

bool MessageQueue::SetActive(bool active) {
  if (active == active_) return true;
  active_ = active;
  for (auto waker : wakers_) {
    napi_env env = environment_->env;
    if ((active ? napi_ref_threadsafe_function(env, waker) : napi_unref_threadsafe_function(env, waker)) != napi_ok)
      return false;
  }
  return true;
}

void MessageQueue::Close() {
  std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  messages_.clear();
  for (; turns_.count() != 0; turns_.Pass(false)) lines_[turns_.next()] = {};
  size_.store(0, std::memory_order_relaxed);
  for (auto waker : wakers_)
    napi_release_threadsafe_function(waker, napi_tsfn_abort);  // what it says does not matter any more
}

bool MessageQueue::Push(const wz_message& message) {
  Message copy{message, {}, {}, false, ShareOf(message.tenant), {}};
  if (message.word_count != 0) copy.words.assign(message.words, message.words + message.word_count);
  if (message.byte_count != 0) copy.bytes.assign(message.bytes, message.bytes + message.byte_count);
  return Append(std::move(copy));
}

bool MessageQueue::PushExpress(uint8_t share, uint32_t kind, uint64_t frame, uint64_t target, wz_handle module,
                               const uint64_t* words, size_t count) {
  wz_message head{};
  head.kind = kind;
  head.frame = frame;
  head.target = target;
  head.module = module;
  head.word_count = static_cast<uint32_t>(count);
  Message message{head, {}, {}, true, share, {}};
  if (count <= Message::kFew) std::copy_n(words, count, message.few);
  else message.words.assign(words, words + count);
  return Append(std::move(message));
}

/** Whether modules may be closed of which JavaScript hears by it. */
bool MessageQueue::IsEnding(const Message& message) {
  return message.head.kind == WZ_MSG_DONE && !message.bytes.empty();
}

bool MessageQueue::Append(Message message) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) return false;
  if (IsEnding(message)) environment_->direct.area()->endings++;
  messages_.push_back(std::move(message));
  arrived_.store(true, std::memory_order_release);
  size_.fetch_add(1, std::memory_order_release);
  return woken_ || expected_ || Wake(0);
}

void MessageQueue::Expect() {
  std::lock_guard<std::mutex> lock(mutex_);
  expected_ = true;
}

bool MessageQueue::Poll() {
  environment_->express.Await();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    expected_ = false;
    if (closed_ || size_.load(std::memory_order_relaxed) == 0) return false;
    woken_ = true;  // while this drains nobody else need
  }
  return Drain(kWorkOfOnePoll);
}

bool MessageQueue::Wake(size_t turn) {
  woken_ = true;
  void* data = reinterpret_cast<void*>(turn);
  if (napi_call_threadsafe_function(wakers_[turn], data, napi_tsfn_nonblocking) == napi_ok) return true;
  closed_ = true;  // napi_closing: the environment ends
  messages_.clear();
  return false;
}

void MessageQueue::OnWake(napi_env env, napi_value, void* context, void* data) {
  if (env == nullptr) return;  // called once more while Node empties its own queue at the end: the context may be gone
  auto* queue = static_cast<MessageQueue*>(context);
  if (queue->PollFollows() || !queue->Drain(kWorkOfOneTurn)) return;
  std::lock_guard<std::mutex> lock(queue->mutex_);
  if (!queue->closed_) queue->Wake(1 - reinterpret_cast<size_t>(data));
}

/** It comes in this very turn, and has calls begin that wait for it before it delivers anything. */
bool MessageQueue::PollFollows() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (expected_) woken_ = false;
  return expected_;
}

/** Whether there is more. */
bool MessageQueue::Drain(microseconds work) {
  const auto begin = std::chrono::steady_clock::now();
  Message message;
  while (Take(&message)) {
    const bool delivered = Deliver(message);
    if (IsEnding(message)) environment_->direct.area()->endings--;
    if (!delivered) return false;  // JavaScript was terminated: the cleanup hook comes next
    if (turns_.lone()) work = kWorkWithLone;
    if (std::chrono::steady_clock::now() - begin >= work && size_.load(std::memory_order_relaxed) != 0) return true;
  }
  return false;
}

bool MessageQueue::Take(Message* message) {
  if (turns_.count() == 0 || arrived_.load(std::memory_order_acquire)) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      taken_.swap(messages_);
      arrived_.store(false, std::memory_order_relaxed);
      if (taken_.empty() && turns_.count() == 0) {
        woken_ = false;
        return false;
      }
    }
    Sort();
  }
  Line& line = lines_[turns_.next()];
  *message = std::move(line.messages[line.next++]);
  const bool has_more = line.next != line.messages.size();
  if (!has_more || line.next == kMostKept) {
    line.messages.erase(line.messages.begin(), line.messages.begin() + line.next);
    line.next = 0;
    if (line.messages.capacity() > kMostKept && !has_more) line.messages.shrink_to_fit();
  }
  turns_.Pass(has_more);
  size_.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

void MessageQueue::Sort() {
  for (Message& message : taken_) {
    Line& line = lines_[message.share];
    if (line.messages.empty()) turns_.Join(message.share);
    line.messages.push_back(std::move(message));
  }
  taken_.clear();
  if (taken_.capacity() > kMostKept) taken_.shrink_to_fit();
}

bool MessageQueue::Deliver(const Message& message) {
  if (message.express) return DeliverExpress(message);
  napi_env env = environment_->env;
  HandleScope scope(env);
  const wz_message& head = message.head;
  napi_value arguments[8], receiver, result;
  MessageArrays arrays;
  uint32_t status = head.status;
  if (!MakeMessageArrays(*environment_, head, message.words.data(), message.bytes.data(), &arrays)) {
    if (!environment_->Alive()) return false;
    napi_value exception;
    napi_get_and_clear_last_exception(env, &exception);
    if (head.kind == WZ_MSG_WRITE && head.result_count == 0) return true;  // nobody waits for an answer
    if (head.kind != WZ_MSG_DONE) {  // a question that JavaScript cannot be asked is answered for it
      wz_reply reply{};
      reply.status = WZ_REPLY_THREW;
      if (head.frame != 0) wz_frame_reply(environment_->id, head.frame, &reply);
      return true;
    }
    // The frame ends all the same: an error that says nothing is one that cannot be read.
    status = WZ_ERROR;
    arrays.words = environment_->Value(environment_->no_words);
    arrays.bytes = environment_->Value(environment_->no_bytes);
  }
  if (napi_get_undefined(env, &receiver) != napi_ok || MakeNumber(env, head.kind, &arguments[0]) != napi_ok ||
      MakeNumber(env, status, &arguments[1]) != napi_ok || MakeNumber(env, head.frame, &arguments[2]) != napi_ok ||
      MakeNumber(env, head.target, &arguments[3]) != napi_ok ||
      MakeNumber(env, head.module, &arguments[4]) != napi_ok ||
      MakeNumber(env, head.result_count, &arguments[7]) != napi_ok) {
    return environment_->Alive();
  }
  arguments[5] = arrays.words;
  arguments[6] = arrays.bytes;
  napi_value hook = environment_->Value(environment_->message_hook);
  return AfterCall(napi_call_function(env, receiver, hook, 8, arguments, &result));
}

/** Makes no value of V8. */
bool MessageQueue::DeliverExpress(const Message& message) {
  napi_env env = environment_->env;
  HandleScope scope(env);
  DirectArea& area = *environment_->direct.area();
  area.status = message.head.kind;
  area.slot = message.head.word_count;
  area.frame = static_cast<double>(message.head.frame);
  area.target = static_cast<double>(message.head.target);
  area.caller = static_cast<double>(message.head.module);
  const size_t count = message.head.word_count;  // never more than kDirectWords
  std::copy_n(count <= Message::kFew ? message.few : message.words.data(), count, area.words);
  napi_value receiver, result;
  if (napi_get_undefined(env, &receiver) != napi_ok) return environment_->Alive();
  napi_value hook = environment_->Value(environment_->express_hook);
  return AfterCall(napi_call_function(env, receiver, hook, 0, nullptr, &result));
}

bool MessageQueue::AfterCall(napi_status status) {
  if (status == napi_ok) return true;
  napi_env env = environment_->env;
  napi_value exception;
  if (!environment_->TakeException(&exception)) return false;
  // A mistake of src: an uncaught exception like any other, never swallowed.
  return napi_fatal_exception(env, exception) == napi_ok;
}

}  // namespace wazero_node
