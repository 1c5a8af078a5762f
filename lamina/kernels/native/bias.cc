// The gradient of a bias and of the ReLU after it, in one pass over rows of channels.

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

#define LAMINA_LOOPS "bias_loops.inc"
#include "versions.inc"

ffi::Error ReluBiasGradient(ffi::ThreadPool pool, ffi::AnyBuffer y, ffi::AnyBuffer dy,
                            ffi::Result<ffi::AnyBuffer> passed,
                            ffi::Result<F32> total) {
  return Guard("gradient of a bias", [&] {
    ByType(y, [&](auto type) {
      using T = decltype(type);
      const Rows rows(y, Threads(pool));
      const int64_t c = rows.channels, width = rows.width;
      std::vector<std::vector<float>> parts(rows.pieces, std::vector<float>(c));
      ParallelFor(pool, rows.pieces, [&](int64_t piece) {
        std::vector<float> block(width);
        rows.ForBlocks(piece, [&](int64_t begin, int64_t count) {
          std::fill(block.begin(), block.end(), 0.f);
          LAMINA_RUN(ReluSums, Data<const T>(y) + begin * width,
                     Data<const T>(dy) + begin * width, count, width, block.data(),
                     Data<T>(*passed) + begin * width);
          rows.AddTo(block.data(), parts[piece].data());
        });
      });
      // The pieces are added in their order, so that the result is always the same.
      std::fill_n(total->typed_data(), c, 0.f);
      for (const std::vector<float>& part : parts) {
        for (int64_t i = 0; i < c; ++i) total->typed_data()[i] += part[i];
      }
    });
  });
}

}  // namespace
}  // namespace lamina

namespace ffi = xla::ffi;

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaReluBiasGradient, lamina::ReluBiasGradient,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<lamina::F32>());

#pragma GCC visibility pop
