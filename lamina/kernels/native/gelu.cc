// The exact gelu, x P(X <= x) for a standard normal X.

#include <algorithm>
#include <cmath>
#include <cstring>

#include "arrays.h"
#include "onednn.h"
#include "parallel.h"
#include "vectors.h"
#include "xla/ffi/api/ffi.h"

namespace lamina {
namespace {

namespace ffi = xla::ffi;

constexpr int64_t kWidened = 256;  // elements that are widened at a time

#define LAMINA_LOOPS "gelu_loops.inc"
#include "versions.inc"

ffi::Error GeluApply(ffi::ThreadPool pool, ffi::AnyBuffer x,
                     ffi::Result<ffi::AnyBuffer> y) {
  return Guard("gelu", [&] {
    const int64_t size = static_cast<int64_t>(x.element_count());
    const int64_t pieces =
        std::clamp<int64_t>(size / kLeastPiece, 1, 2 * Threads(pool));
    ByType(x, [&](auto type) {
      using T = decltype(type);
      ParallelFor(pool, pieces, [&](int64_t piece) {
        const Piece cut = Cut(size, pieces, piece);
        LAMINA_RUN(Gelu, Data<T>(x) + cut.begin, cut.size, Data<T>(*y) + cut.begin);
      });
    });
  });
}

}  // namespace
}  // namespace lamina

namespace ffi = xla::ffi;

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaGelu, lamina::GeluApply,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>());

#pragma GCC visibility pop
