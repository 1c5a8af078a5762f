#include "onednn.h"

#include <cstdlib>
#include <new>
#include <stdexcept>

#include "parallel.h"
#include "vectors.h"

namespace lamina {
namespace {

constexpr size_t kAlignment = 64;

struct Aligned {
  void* data = nullptr;
  size_t bytes = 0;
  ~Aligned() { std::free(data); }

  void* Reserve(size_t wanted) {
    if (wanted > bytes) {
      std::free(data);
      bytes = 0;
      const size_t rounded = (wanted + kAlignment - 1) / kAlignment * kAlignment;
      data = std::aligned_alloc(kAlignment, rounded);
      if (data == nullptr) throw std::bad_alloc();
      bytes = rounded;
    }
    return data;
  }
};

}  // namespace

dnnl::engine& Engine() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& Stream() {
  thread_local dnnl::stream stream(Engine());
  return stream;
}

dnnl::memory::data_type DataType(xla::ffi::DataType dtype) {
  switch (dtype) {
    case xla::ffi::DataType::F32:
      return dnnl::memory::data_type::f32;
    case xla::ffi::DataType::BF16:
      return dnnl::memory::data_type::bf16;
    case xla::ffi::DataType::F16:
      return dnnl::memory::data_type::f16;
    default:
      throw std::invalid_argument("expected float32, bfloat16 or float16");
  }
}

size_t Bytes(dnnl::memory::data_type dtype) {
  return dtype == dnnl::memory::data_type::f32 ? 4 : 2;
}

int Vectors() {
  static const int found = [] {
    const int isa = static_cast<int>(dnnl::get_effective_cpu_isa());
    const auto has = [isa](int set) { return (isa & set) == set; };
    return has(dnnl_cpu_isa_avx512_core) ? 2 : has(dnnl_cpu_isa_avx2) ? 1 : 0;
  }();
  return found;
}

void* Buffer(Slot slot, size_t bytes) {
  thread_local Aligned buffers[static_cast<int>(Slot::kCount)];
  return buffers[static_cast<int>(slot)].Reserve(bytes);
}

void Execute(const dnnl::primitive& primitive, const dnnl::memory::desc& scratch,
             std::unordered_map<int, dnnl::memory> arguments) {
  OneThread alone;
  if (scratch.get_size() > 0) {
    void* data = Buffer(Slot::kScratch, scratch.get_size());
    arguments.emplace(DNNL_ARG_SCRATCHPAD, Wrap(scratch, data));
  }
  primitive.execute(Stream(), arguments);
}

Copy MakeCopy(const dnnl::memory::desc& from, const dnnl::memory::desc& to) {
  OneThread alone;
  Copy copy{from, to, {}, {}, from != to};
  dnnl::reorder::primitive_desc desc(Engine(), from, Engine(), to, UserScratch());
  copy.scratch = desc.scratchpad_desc();
  copy.primitive = dnnl::reorder(desc);
  return copy;
}

const void* Run(const Copy& copy, const void* from, Slot slot) {
  if (!copy.needed) return from;
  void* to = Buffer(slot, copy.to.get_size());
  RunInto(copy, from, to);
  return to;
}

void RunInto(const Copy& copy, const void* from, void* to) {
  Execute(copy.primitive, copy.scratch,
          {{DNNL_ARG_FROM, Wrap(copy.from, from)}, {DNNL_ARG_TO, Wrap(copy.to, to)}});
}

}  // namespace lamina
