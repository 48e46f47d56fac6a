#ifndef WAZERO_NODE_TURNS_H
#define WAZERO_NODE_TURNS_H
#include <cstddef>
#include <cstdint>

namespace wazero_node {

constexpr size_t kShares = 64;

/** Each tenant is in one of them; what has none is in the first. Two that meet in one wait for each other, and that is all. */
inline uint8_t ShareOf(uintptr_t tenant) {
  return tenant == 0 ? 0 : static_cast<uint8_t>(1 + (uint64_t{tenant} * 0x9e3779b97f4a7c15 >> 32) % (kShares - 1));
}

/**
 * Whose turn it is among the shares in which something waits: one of each in turn, however much waits in one. A tenant whose
 * hundreds of guests ask the host without pause would else be before every call of another.
 */
class Turns {
 public:
  size_t count() const { return count_; }
  uint8_t next() const { return ring_[first_]; }
  /** The last turn was of a share that had no other, and others have more: whoever asks for little is not to wait for those who ask for much. */
  bool lone() const { return lone_; }
  /** Something waits in a share in which nothing did. */
  void Join(uint8_t share) { ring_[(first_ + count_++) % kShares] = share; }
  /** The next one has had its turn. */
  void Pass(bool has_more) {
    const uint8_t share = next();
    first_ = (first_ + 1) % kShares;
    count_--;
    const uint64_t bit = uint64_t{1} << share;
    lone_ = !has_more && count_ != 0 && (several_ & bit) == 0;
    several_ = has_more ? several_ | bit : several_ & ~bit;
    if (has_more) Join(share);
  }

 private:
  uint8_t ring_[kShares] = {};
  size_t first_ = 0, count_ = 0;
  uint64_t several_ = 0;  // shares, by bit, that have had more than one turn since something began to wait there
  bool lone_ = false;
};

}  // namespace wazero_node
#endif
