// Arrays of the element types that Lamina's own loops take.

#ifndef LAMINA_KERNELS_ARRAYS_H_
#define LAMINA_KERNELS_ARRAYS_H_

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "parallel.h"
#include "vectors.h"
#include "xla/ffi/api/ffi.h"

namespace lamina {

constexpr int64_t kLeastPiece = 1 << 15;  // elements worth a thread
constexpr int64_t kBlock = 8192;          // elements of a block
constexpr int64_t kWidth = 64;            // elements of a row that is not short

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

// Rows of channels, cut into pieces for threads and into blocks for the cache. Short
// rows are taken `fold` at a time, as one of `width` numbers: sums of short ones would
// wait for each other.
struct Rows {
  int64_t rows, channels, fold = 1, width, pieces, block;

  Rows(const xla::ffi::AnyBuffer& x, int64_t threads) {
    const int64_t size = static_cast<int64_t>(x.element_count());
    channels = width = x.dimensions().back();
    rows = size / channels;
    while (width < kWidth && rows % 2 == 0) {
      rows /= 2;
      fold *= 2;
      width *= 2;
    }
    block = std::max<int64_t>(1, kBlock / width);
    pieces = std::clamp<int64_t>(std::min(size / kLeastPiece, threads), 1, rows);
  }

  // A vector over the channels for all of a row's width.
  std::vector<float> Tiled(const float* vector) const {
    std::vector<float> out(width);
    for (int64_t i = 0; i < width; ++i) out[i] = vector[i % channels];
    return out;
  }

  // Adds what belongs to one row's width to sums over the channels.
  void AddTo(const float* wide, float* sums) const {
    for (int64_t at = 0; at < width; at += channels) {
      for (int64_t i = 0; i < channels; ++i) sums[i] += wide[at + i];
    }
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
