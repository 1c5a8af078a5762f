// Batch normalisation over rows of channels: moments, application, and gradient.
//
// Moments are computed in blocks that stay in the cache, with the mean of each block,
// and joined by the rule of Chan, Golub and LeVeque (1979): one pass over memory, and
// no difference of large squares. A ReLU that follows costs nothing here; its mask is
// computed again in the backward pass instead of being read.

#include <algorithm>
#include <cmath>
#include <cstring>
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

#define LAMINA_LOOPS "normalization_loops.inc"
#include "versions.inc"

// A mean, and a sum of squared differences from it, of `count` rows.
struct Moments {
  double count = 0;
  std::vector<double> mean, squares;

  explicit Moments(int64_t channels) : mean(channels), squares(channels) {}

  void Join(size_t i, double added, double other, double other_squares) {
    const double total = count + added, d = other - mean[i];
    mean[i] += d * added / total;
    squares[i] += other_squares + d * d * count * added / total;
  }
};

template <class T>
void ComputeMoments(ffi::ThreadPool& pool, const Rows& rows, const T* x, float* mean,
                    float* variance) {
  const int64_t c = rows.channels, width = rows.width;
  std::vector<Moments> parts(rows.pieces, Moments(c));
  ParallelFor(pool, rows.pieces, [&](int64_t piece) {
    Moments& part = parts[piece];
    std::vector<float> center(width), rest(width), squares(width);
    rows.ForBlocks(piece, [&](int64_t begin, int64_t count) {
      for (auto* sums : {&center, &rest, &squares}) {
        std::fill(sums->begin(), sums->end(), 0.f);
      }
      LAMINA_RUN(Sum, x + begin * width, count, width, center.data());
      for (float& value : center) value /= static_cast<float>(count);
      LAMINA_RUN(Squares, x + begin * width, count, width, center.data(), rest.data(),
                 squares.data());
      // `center` is rounded: what is left over corrects both moments.
      for (int64_t at = 0; at < width; at += c) {
        for (int64_t i = 0; i < c; ++i) {
          const double left = rest[at + i] / static_cast<double>(count);
          part.Join(i, count, center[at + i] + left,
                    squares[at + i] - left * rest[at + i]);
        }
        part.count += count;
      }
    });
  });
  Moments& all = parts[0];
  for (int64_t piece = 1; piece < rows.pieces; ++piece) {
    const Moments& part = parts[piece];
    for (int64_t i = 0; i < c; ++i) {
      all.Join(i, part.count, part.mean[i], part.squares[i]);
    }
    all.count += part.count;
  }
  for (int64_t i = 0; i < c; ++i) {
    mean[i] = static_cast<float>(all.mean[i]);
    variance[i] = static_cast<float>(all.squares[i] / all.count);
  }
}

// scale / sqrt(variance + epsilon)
std::vector<float> Factor(const F32& variance, const F32& scale, float epsilon) {
  std::vector<float> factor(variance.element_count());
  for (size_t i = 0; i < factor.size(); ++i) {
    factor[i] = scale.typed_data()[i] / std::sqrt(variance.typed_data()[i] + epsilon);
  }
  return factor;
}

template <class T>
void ComputeGradient(ffi::ThreadPool& pool, const Rows& rows, const T* x, const T* dy,
                     const F32& mean, const F32& variance, const F32& scale,
                     const F32& offset, float epsilon, bool relu, T* dx, float* d_scale,
                     float* d_offset) {
  const int64_t c = rows.channels, width = rows.width;
  const std::vector<float> center = rows.Tiled(mean.typed_data());
  const std::vector<float> shift = rows.Tiled(offset.typed_data());
  const std::vector<float> factor = rows.Tiled(Factor(variance, scale, epsilon).data());
  std::vector<std::vector<float>> parts(rows.pieces, std::vector<float>(2 * c));
  ParallelFor(pool, rows.pieces, [&](int64_t piece) {
    std::vector<float> block(2 * width);
    rows.ForBlocks(piece, [&](int64_t begin, int64_t count) {
      std::fill(block.begin(), block.end(), 0.f);
      LAMINA_RUN(GradientSums, x + begin * width, dy + begin * width, count, width,
                 center.data(), factor.data(), shift.data(), relu, block.data(),
                 block.data() + width);
      rows.AddTo(block.data(), parts[piece].data());
      rows.AddTo(block.data() + width, parts[piece].data() + c);
    });
  });
  for (int64_t piece = 1; piece < rows.pieces; ++piece) {
    for (int64_t i = 0; i < 2 * c; ++i) parts[0][i] += parts[piece][i];
  }
  std::vector<float> base(c), slope(c);
  for (int64_t i = 0; i < c; ++i) {
    const float sum = parts[0][i], product = parts[0][c + i];
    const float inverse = 1.f / (variance.typed_data()[i] + epsilon);
    d_offset[i] = sum;
    d_scale[i] = product * std::sqrt(inverse);
    base[i] = sum / static_cast<float>(rows.rows * rows.fold);
    slope[i] = product * inverse / static_cast<float>(rows.rows * rows.fold);
  }
  base = rows.Tiled(base.data());
  slope = rows.Tiled(slope.data());
  ParallelFor(pool, rows.pieces, [&](int64_t piece) {
    rows.ForBlocks(piece, [&](int64_t begin, int64_t count) {
      LAMINA_RUN(Gradient, x + begin * width, dy + begin * width, count, width,
                 center.data(), factor.data(), shift.data(), relu, base.data(),
                 slope.data(), dx + begin * width);
    });
  });
}

ffi::Error BatchMoments(ffi::ThreadPool pool, ffi::AnyBuffer x, ffi::Result<F32> mean,
                        ffi::Result<F32> variance) {
  return Guard("moments of a batch", [&] {
    ByType(x, [&](auto type) {
      using T = decltype(type);
      ComputeMoments(pool, Rows(x, Threads(pool)), Data<T>(x), mean->typed_data(),
                     variance->typed_data());
    });
  });
}

ffi::Error BatchApply(ffi::ThreadPool pool, ffi::AnyBuffer x, F32 mean, F32 variance,
                      F32 scale, F32 offset, ffi::Result<ffi::AnyBuffer> y,
                      float epsilon, int64_t relu) {
  return Guard("batch normalisation", [&] {
    ByType(x, [&](auto type) {
      using T = decltype(type);
      const Rows rows(x, Threads(pool));
      const std::vector<float> center = rows.Tiled(mean.typed_data());
      const std::vector<float> shift = rows.Tiled(offset.typed_data());
      const std::vector<float> factor =
          rows.Tiled(Factor(variance, scale, epsilon).data());
      ParallelFor(pool, rows.pieces, [&](int64_t piece) {
        const Piece cut = Cut(rows.rows, rows.pieces, piece);
        const int64_t begin = cut.begin * rows.width;
        LAMINA_RUN(Scale, Data<T>(x) + begin, cut.size, rows.width, center.data(),
                   factor.data(), shift.data(), relu != 0, Data<T>(*y) + begin);
      });
    });
  });
}

ffi::Error BatchGradient(ffi::ThreadPool pool, ffi::AnyBuffer x, ffi::AnyBuffer dy,
                         F32 mean, F32 variance, F32 scale, F32 offset,
                         ffi::Result<ffi::AnyBuffer> dx, ffi::Result<F32> d_scale,
                         ffi::Result<F32> d_offset, float epsilon, int64_t relu) {
  return Guard("gradient of batch normalisation", [&] {
    ByType(x, [&](auto type) {
      using T = decltype(type);
      ComputeGradient(pool, Rows(x, Threads(pool)), Data<T>(x), Data<T>(dy), mean,
                      variance, scale, offset, epsilon, relu != 0, Data<T>(*dx),
                      d_scale->typed_data(), d_offset->typed_data());
    });
  });
}

}  // namespace
}  // namespace lamina

namespace ffi = xla::ffi;

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaBatchMoments, lamina::BatchMoments,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<lamina::F32>()
                                  .Ret<lamina::F32>());

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaBatchApply, lamina::BatchApply,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<float>("epsilon")
                                  .Attr<int64_t>("relu"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaBatchGradient, lamina::BatchGradient,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<lamina::F32>()
                                  .Ret<lamina::F32>()
                                  .Attr<float>("epsilon")
                                  .Attr<int64_t>("relu"));

#pragma GCC visibility pop
