// Hit rates of the packet cache on seeded traces, beside plain twins of the policies it could have:
// LRU, FIFO with reinsertion (what a ring with CLOCK does), SIEVE (Zhang et al., NSDI 2024) and
// S3-FIFO (Yang et al., SOSP 2023). All have the same octets to spend and pay the same for an
// answer.
//   cache_trace            prints lines "trace/size/policy rate %" (./khien bench cache)
//   cache_trace khien      the same for the cache itself alone
//   cache_trace hits N     N hits on a cached name, for callgrind
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "policy/list_text.h"
#include "policy/name_key.h"
#include "resolver/packet_cache.h"

using namespace khien;

namespace {

constexpr std::size_t name_count = 100'000;
constexpr std::size_t question_count = 1'500'000;
constexpr std::size_t warm_up = question_count / 3;  // not counted
constexpr std::uint32_t first_fresh = 1U << 24;      // numbers of names that are asked once

// Sizes as answers have: most are small, some carry a chain of CNAMEs or many addresses.
std::size_t message_size(std::uint32_t id) {
  const std::uint32_t mixed = id * 2'654'435'761U;
  return (mixed >> 28) == 0 ? 400 + (mixed >> 8) % 600 : 60 + (mixed >> 8) % 160;
}

/// Popularity by rank^-1.
class Zipf {
 public:
  explicit Zipf(std::size_t count) {
    double sum = 0;
    for (std::size_t i = 1; i <= count; ++i) sums_.push_back(sum += 1.0 / static_cast<double>(i));
  }
  std::uint32_t pick(Rng& rng) const {
    const double at = static_cast<double>(rng.next_u64() >> 11) * 0x1p-53 * sums_.back();
    return static_cast<std::uint32_t>(std::ranges::lower_bound(sums_, at) - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

struct Trace {
  std::string name;
  std::vector<std::uint32_t> questions;
};

/// `fresh_percent` of the questions are for names that nobody asks again; `shifts` times on the way
/// other names become the popular ones.
Trace make_trace(std::string name, unsigned fresh_percent, unsigned shifts) {
  SeededRng rng{7};
  const Zipf zipf{name_count};
  Trace trace{.name = std::move(name), .questions = {}};
  std::uint32_t fresh = first_fresh;
  for (std::size_t i = 0; i < question_count; ++i) {
    if (rng.below(100) < fresh_percent) {
      trace.questions.push_back(fresh++);
    } else {
      const auto era = static_cast<std::uint32_t>(i * (shifts + 1) / question_count);
      trace.questions.push_back(zipf.pick(rng) + era * static_cast<std::uint32_t>(name_count));
    }
  }
  return trace;
}

struct Node {
  std::uint32_t id;
  std::size_t size;
  int uses = 0;
  bool in_main = false;
};
using Queue = std::list<Node>;

/// What the twins share: nodes in queues, the front being the newest, found by number.
class Twin {
 public:
  explicit Twin(std::size_t size) : size_(size) {}

 protected:
  std::size_t size_;
  std::size_t taken_ = 0;
  std::unordered_map<std::uint32_t, Queue::iterator> index_;
  void drop(Queue& queue, Queue::iterator node) {
    taken_ -= node->size;
    index_.erase(node->id);
    queue.erase(node);
  }
  void add(Queue& queue, const Node& node) {
    queue.push_front(node);
    index_[node.id] = queue.begin();
    taken_ += node.size;
  }
};

class Lru : Twin {
 public:
  using Twin::Twin;
  bool ask(std::uint32_t id, std::size_t size) {
    if (const auto found = index_.find(id); found != index_.end()) {
      queue_.splice(queue_.begin(), queue_, found->second);
      return true;
    }
    while (taken_ + size > size_) drop(queue_, std::prev(queue_.end()));
    add(queue_, {.id = id, .size = size});
    return false;
  }

 private:
  Queue queue_;
};

class Reinsertion : Twin {
 public:
  using Twin::Twin;
  bool ask(std::uint32_t id, std::size_t size) {
    if (const auto found = index_.find(id); found != index_.end()) {
      found->second->uses = 1;
      return true;
    }
    while (taken_ + size > size_) {
      const auto oldest = std::prev(queue_.end());
      if (oldest->uses == 0) {
        drop(queue_, oldest);
      } else {
        oldest->uses = 0;
        queue_.splice(queue_.begin(), queue_, oldest);
      }
    }
    add(queue_, {.id = id, .size = size});
    return false;
  }

 private:
  Queue queue_;
};

class Sieve : Twin {
 public:
  explicit Sieve(std::size_t size) : Twin(size), hand_(queue_.end()) {}
  bool ask(std::uint32_t id, std::size_t size) {
    if (const auto found = index_.find(id); found != index_.end()) {
      found->second->uses = 1;
      return true;
    }
    while (taken_ + size > size_) evict();
    add(queue_, {.id = id, .size = size});
    return false;
  }

 private:
  void evict() {
    if (hand_ == queue_.end()) hand_ = std::prev(queue_.end());
    while (hand_->uses != 0) {
      hand_->uses = 0;
      hand_ = hand_ == queue_.begin() ? std::prev(queue_.end()) : std::prev(hand_);
    }
    const auto victim = hand_;
    hand_ = victim == queue_.begin() ? queue_.end() : std::prev(victim);
    drop(queue_, victim);
  }
  Queue queue_;
  Queue::iterator hand_;
};

class S3Fifo : Twin {
 public:
  explicit S3Fifo(std::size_t size) : Twin(size), small_max_(size / 10) {}
  bool ask(std::uint32_t id, std::size_t size) {
    if (const auto found = index_.find(id); found != index_.end()) {
      found->second->uses = std::min(found->second->uses + 1, 3);
      return true;
    }
    while (taken_ + size > size_) {
      if (small_taken_ > small_max_ || main_.empty()) {
        evict_small();
      } else {
        evict_main();
      }
    }
    const bool known = ghosts_.contains(id);
    add(known ? main_ : small_, {.id = id, .size = size, .in_main = known});
    if (!known) small_taken_ += size;
    return false;
  }

 private:
  void evict_small() {
    const auto oldest = std::prev(small_.end());
    small_taken_ -= oldest->size;
    if (oldest->uses > 1) {
      oldest->uses = 0;
      oldest->in_main = true;
      main_.splice(main_.begin(), small_, oldest);
      return;
    }
    ghosts_.insert(oldest->id);
    ghost_order_.push_back(oldest->id);
    while (ghost_order_.size() > std::max<std::size_t>(main_.size(), 16)) {
      ghosts_.erase(ghost_order_.front());
      ghost_order_.pop_front();
    }
    drop(small_, oldest);
  }
  void evict_main() {
    while (true) {
      const auto oldest = std::prev(main_.end());
      if (oldest->uses == 0) return drop(main_, oldest);
      --oldest->uses;
      main_.splice(main_.begin(), main_, oldest);
    }
  }
  std::size_t small_max_;
  std::size_t small_taken_ = 0;
  Queue small_;
  Queue main_;
  std::unordered_set<std::uint32_t> ghosts_;
  std::list<std::uint32_t> ghost_order_;
};

constexpr policy::HashKey hash_key{.a = 3, .b = 0x1357'9bdf'0246'8acf};

policy::NameKey name_of(std::uint32_t id) {
  std::array<std::uint8_t, policy::key_name_size_max> wire;
  const auto size = policy::host_to_wire("n" + std::to_string(id) + ".example", wire);
  return policy::NameKey{Bytes{wire}.first(size.value()), hash_key};
}

resolver::CacheKey key_of(const policy::NameKey& name) {
  return {.qname = name.name(), .hash = name.hash(0), .qtype = 1};
}

/// The cache itself.
class Ours {
 public:
  explicit Ours(std::size_t size) : cache_(size) {}
  bool ask(std::uint32_t id, std::size_t) {
    const policy::NameKey name = name_of(id);
    if (cache_.find(key_of(name)) != nullptr) return true;
    message_.resize(message_size(id));
    (void)cache_.put(key_of(name), {.message = message_, .ttl_at = ttl_at_, .ttl_s = 3'600});
    return false;
  }

 private:
  resolver::PacketCache cache_;
  Octets message_;
  std::array<std::uint16_t, 1> ttl_at_{20};
};

template <typename Cache>
double hit_rate(const Trace& trace, std::size_t size) {
  Cache cache{size};
  std::size_t hits = 0;
  for (std::size_t i = 0; i < trace.questions.size(); ++i) {
    const std::uint32_t id = trace.questions[i];
    const std::size_t name_size = 11 + std::to_string(id).size();
    const std::size_t body = message_size(id) + name_size + 2;
    const std::size_t entry_size = (sizeof(resolver::PacketCache::Entry) + body + 7) / 8 * 8;
    const bool hit = cache.ask(id, entry_size);
    if (hit && i >= warm_up) ++hits;
  }
  return 100.0 * static_cast<double>(hits) / static_cast<double>(question_count - warm_up);
}

void print_rates(const Trace& trace, bool with_twins) {
  for (const std::size_t megabytes : {1U, 4U, 16U}) {
    const std::size_t size = megabytes << 20;
    const auto print = [&](const char* policy, double rate) {
      std::printf("%s/%zuMB/%s %.2f %%\n", trace.name.c_str(), megabytes, policy, rate);
    };
    print("khien", hit_rate<Ours>(trace, size));
    if (!with_twins) continue;
    print("lru", hit_rate<Lru>(trace, size));
    print("reinsertion", hit_rate<Reinsertion>(trace, size));
    print("sieve", hit_rate<Sieve>(trace, size));
    print("s3-fifo", hit_rate<S3Fifo>(trace, size));
  }
}

int find_again(std::size_t count) {
  resolver::PacketCache cache{resolver::cache_size_min};
  const policy::NameKey name = name_of(1);
  const Octets message(120);
  if (!cache.put(key_of(name), {.message = message, .ttl_s = 3'600})) return 1;
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; ++i) found += cache.find(key_of(name)) != nullptr ? 1U : 0U;
  return found == count ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view{argv[1]} == "hits") {
    return find_again(std::strtoul(argv[2], nullptr, 10));
  }
  const bool with_twins = argc == 1;
  print_rates(make_trace("zipf", 0, 0), with_twins);
  print_rates(make_trace("zipf+10%new", 10, 0), with_twins);
  print_rates(make_trace("scan30%", 30, 0), with_twins);
  print_rates(make_trace("scan60%", 60, 0), with_twins);
  print_rates(make_trace("scan90%", 90, 0), with_twins);
  print_rates(make_trace("shift", 10, 3), with_twins);
  return 0;
}
