// Layer normalisation, and RMS normalisation without the mean: each row by itself.
//
// A row is read once, and its moments are taken from the copy in the cache; the gradient
// takes them again instead of reading what the forward pass could have stored.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "arrays.h"
#include "onednn.h"
#include "parallel.h"
#include "vectors.h"
#include "xla/ffi/api/ffi.h"

namespace lamina {
namespace {

namespace ffi = xla::ffi;
using F32 = ffi::Buffer<ffi::DataType::F32>;

constexpr int64_t kSummed = 64;  // rows whose gradients are summed by themselves

// Rows in groups that have a scale and an offset each; without `jax.vmap` one group.
struct Layer {
  int64_t size, pitch;  // of a row, and as whole vectors
  int64_t rows, groups;
  float epsilon;
  bool centred;

  Layer(const ffi::AnyBuffer& x, const F32& scale, float epsilon, int64_t centred)
      : size(x.dimensions().back()),
        pitch((size + 15) / 16 * 16),
        rows(0),
        groups(1),
        epsilon(epsilon),
        centred(centred != 0) {
    if (size == 0) return;
    rows = static_cast<int64_t>(x.element_count()) / size;
    groups = static_cast<int64_t>(scale.element_count()) / size;
    if (groups == 0 || rows % groups != 0) {
      throw std::invalid_argument("the scale does not fit the rows");
    }
  }

  // Groups are pieces of work; a single one is cut further.
  int64_t Pieces(int64_t threads) const {
    if (groups > 1) return groups;
    return std::clamp<int64_t>(std::min(rows * size / kLeastPiece, threads), 1,
                               std::max<int64_t>(1, rows));
  }

  // The vector of a piece, with zeros after it.
  std::vector<float> Padded(const F32& vectors, int64_t piece) const {
    const float* from = vectors.typed_data() + (groups > 1 ? piece * size : 0);
    std::vector<float> padded(pitch);
    std::copy_n(from, size, padded.begin());
    return padded;
  }

  float* Room() const {
    return static_cast<float*>(Buffer(Slot::kPartial, 2 * pitch * sizeof(float)));
  }
};

#define LAMINA_LOOPS "layer_loops.inc"
#include "versions.inc"

ffi::Error LayerApply(ffi::ThreadPool pool, ffi::AnyBuffer x, F32 scale, F32 offset,
                      ffi::Result<ffi::AnyBuffer> y, float epsilon, int64_t centred) {
  return Guard("layer normalisation", [&] {
    const Layer layer(x, scale, epsilon, centred);
    const int64_t pieces = layer.Pieces(Threads(pool));
    ByType(x, [&](auto type) {
      using T = decltype(type);
      ParallelFor(pool, pieces, [&](int64_t piece) {
        const Piece cut = Cut(layer.rows, pieces, piece);
        const int64_t begin = cut.begin * layer.size;
        LAMINA_RUN(Normalize, layer, layer.Room(), Data<T>(x) + begin, cut.size,
                   layer.Padded(scale, piece).data(), layer.Padded(offset, piece).data(),
                   Data<T>(*y) + begin);
      });
    });
  });
}

ffi::Error LayerGradient(ffi::ThreadPool pool, ffi::AnyBuffer x, ffi::AnyBuffer dy,
                         F32 scale, ffi::Result<ffi::AnyBuffer> dx,
                         ffi::Result<F32> d_scale, ffi::Result<F32> d_offset,
                         float epsilon, int64_t centred) {
  return Guard("gradient of layer normalisation", [&] {
    const Layer layer(x, scale, epsilon, centred);
    const int64_t pieces = layer.Pieces(Threads(pool));
    const int64_t pitch = layer.pitch, size = layer.size;
    std::vector<std::vector<float>> parts(pieces, std::vector<float>(2 * pitch));
    ByType(x, [&](auto type) {
      using T = decltype(type);
      ParallelFor(pool, pieces, [&](int64_t piece) {
        const Piece cut = Cut(layer.rows, pieces, piece);
        const std::vector<float> factor = layer.Padded(scale, piece);
        std::vector<float> sums(2 * pitch);
        for (int64_t done = 0; done < cut.size; done += kSummed) {
          const int64_t begin = (cut.begin + done) * size;
          std::fill(sums.begin(), sums.end(), 0.f);
          LAMINA_RUN(NormalizeGradient, layer, layer.Room(), Data<T>(x) + begin,
                     Data<T>(dy) + begin, std::min(kSummed, cut.size - done),
                     factor.data(), Data<T>(*dx) + begin, sums.data(),
                     sums.data() + pitch);
          for (int64_t i = 0; i < 2 * pitch; ++i) parts[piece][i] += sums[i];
        }
      });
    });
    for (int64_t piece = 1; layer.groups == 1 && piece < pieces; ++piece) {
      for (int64_t i = 0; i < 2 * pitch; ++i) parts[0][i] += parts[piece][i];
    }
    for (int64_t group = 0; group < layer.groups; ++group) {
      const auto sums = parts[group].begin();
      std::copy_n(sums, size, d_scale->typed_data() + group * size);
      std::copy_n(sums + pitch, size, d_offset->typed_data() + group * size);
    }
  });
}

}  // namespace
}  // namespace lamina

namespace ffi = xla::ffi;

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaLayerApply, lamina::LayerApply,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<float>("epsilon")
                                  .Attr<int64_t>("centred"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaLayerGradient, lamina::LayerGradient,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<lamina::F32>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<lamina::F32>()
                                  .Ret<lamina::F32>()
                                  .Attr<float>("epsilon")
                                  .Attr<int64_t>("centred"));

#pragma GCC visibility pop
