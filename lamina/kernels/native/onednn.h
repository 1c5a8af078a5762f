// What the kernels share in using oneDNN: engine, data types, buffers, primitive cache.

#ifndef LAMINA_KERNELS_ONEDNN_H_
#define LAMINA_KERNELS_ONEDNN_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "xla/ffi/api/ffi.h"

namespace lamina {

using Dims = dnnl::memory::dims;

inline Dims ToDims(xla::ffi::Span<const int64_t> dims) {
  return Dims(dims.begin(), dims.end());
}

dnnl::engine& Engine();

// The stream of the calling thread.
dnnl::stream& Stream();

// Throws std::invalid_argument for types that the kernels do not take.
dnnl::memory::data_type DataType(xla::ffi::DataType dtype);

size_t Bytes(dnnl::memory::data_type dtype);

// A piece of memory of this thread that is kept between calls and grows on demand.
// `slot` tells apart buffers that are in use at the same time.
enum class Slot { kScratch, kWeights, kPartial, kInputs, kProducts, kCount };
void* Buffer(Slot slot, size_t bytes);

inline dnnl::memory Wrap(const dnnl::memory::desc& desc, const void* data) {
  return dnnl::memory(desc, Engine(), const_cast<void*>(data));
}

// Runs a primitive made with scratchpad_mode::user on the calling thread.
void Execute(const dnnl::primitive& primitive, const dnnl::memory::desc& scratch,
             std::unordered_map<int, dnnl::memory> arguments);

// A copy between layouts or types, made once and run often.
struct Copy {
  dnnl::memory::desc from, to, scratch;
  dnnl::reorder primitive;
  bool needed = false;  // false: both sides are the same, and nothing need be done
};
Copy MakeCopy(const dnnl::memory::desc& from, const dnnl::memory::desc& to);

// The data in the layout `to`: the same pointer if nothing need be done, else in this
// thread's buffer `slot`.
const void* Run(const Copy& copy, const void* from, Slot slot);
void RunInto(const Copy& copy, const void* from, void* to);

inline dnnl::primitive_attr UserScratch() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

using Key = std::vector<int64_t>;

struct KeyHash {
  size_t operator()(const Key& key) const {
    size_t hash = 1469598103934665603ull;
    for (int64_t item : key) {
      hash = (hash ^ static_cast<size_t>(item)) * 1099511628211ull;
    }
    return hash;
  }
};

// A bounded table of made things, safe to use from several threads. When it is full it
// starts again: what is in use lives on through its shared pointers.
template <class T>
class Cache {
 public:
  explicit Cache(size_t limit) : limit_(limit) {}

  template <class Make>
  std::shared_ptr<const T> Get(const Key& key, Make&& make) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      auto found = table_.find(key);
      if (found != table_.end()) return found->second;
    }
    auto made = std::make_shared<const T>(make());
    std::lock_guard<std::mutex> lock(mutex_);
    if (table_.size() >= limit_) table_.clear();
    return table_.emplace(key, std::move(made)).first->second;
  }

 private:
  size_t limit_;
  std::mutex mutex_;
  std::unordered_map<Key, std::shared_ptr<const T>, KeyHash> table_;
};

// Turns what a kernel throws into XLA's error.
template <class F>
xla::ffi::Error Guard(const char* name, F&& run) {
  try {
    run();
    return xla::ffi::Error::Success();
  } catch (const std::bad_alloc&) {
    return xla::ffi::Error(xla::ffi::ErrorCode::kResourceExhausted,
                           std::string(name) + ": out of memory");
  } catch (const std::invalid_argument& error) {
    return xla::ffi::Error::InvalidArgument(std::string(name) + ": " + error.what());
  } catch (const std::exception& error) {
    return xla::ffi::Error::Internal(std::string(name) + ": " + error.what());
  }
}

}  // namespace lamina

#endif  // LAMINA_KERNELS_ONEDNN_H_
