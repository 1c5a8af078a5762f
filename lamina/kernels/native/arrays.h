// Arrays of the element types that Lamina's own loops take.

#ifndef LAMINA_KERNELS_ARRAYS_H_
#define LAMINA_KERNELS_ARRAYS_H_

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "parallel.h"
#include "vectors.h"
#include "xla/ffi/api/ffi.h"

namespace lamina {

constexpr int64_t kLeastPiece = 1 << 15;  // elements worth a thread
constexpr int64_t kBlock = 8192;          // elements of a block

// Calls run(a value of the element type) for a buffer.
template <class F>
void ByType(const xla::ffi::AnyBuffer& x, F&& run) {
  switch (x.element_type()) {
    case xla::ffi::DataType::F32:
      return run(float{});
    case xla::ffi::DataType::BF16:
      return run(BFloat16{});
    default:
      throw std::invalid_argument("expected float32 or bfloat16");
  }
}

template <class T, class B>
T* Data(B& buffer) {
  return static_cast<T*>(buffer.untyped_data());
}

// Rows of channels, cut into pieces for threads and into blocks for the cache.
struct Rows {
  int64_t rows, channels, pieces, block;

  Rows(const xla::ffi::AnyBuffer& x, int64_t threads) {
    channels = x.dimensions().back();
    rows = static_cast<int64_t>(x.element_count()) / channels;
    block = std::max<int64_t>(1, kBlock / channels);
    const int64_t worth = static_cast<int64_t>(x.element_count()) / kLeastPiece;
    pieces = std::clamp<int64_t>(std::min(worth, threads), 1, rows);
  }

  template <class F>
  void ForBlocks(int64_t piece, F&& run) const {
    const Piece cut = Cut(rows, pieces, piece);
    for (int64_t done = 0; done < cut.size; done += block) {
      run(cut.begin + done, std::min(block, cut.size - done));
    }
  }
};

}  // namespace lamina

#endif  // LAMINA_KERNELS_ARRAYS_H_
