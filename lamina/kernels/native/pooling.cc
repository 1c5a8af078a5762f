// Max- and average-pooling over rows of channels, and their gradients.
//
// A line of the result along the last spatial axis depends on a few rows of the input;
// the loops go along one of them. Where windows overlap, a gradient's sums are kept in
// float32, an image at a time.

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <vector>

#include "arrays.h"
#include "onednn.h"
#include "parallel.h"
#include "vectors.h"
#include "xla/ffi/api/ffi.h"

namespace lamina {
namespace {

namespace ffi = xla::ffi;

// Where along an axis a window begins and ends inside the array.
struct Span {
  int64_t begin, end;
};

#define LAMINA_LOOPS "pooling_loops.inc"
#include "versions.inc"

// One spatial axis; missing ones have size 1.
struct Axis {
  int64_t in = 1, out = 1, window = 1, step = 1, before = 0;

  Span At(int64_t index) const {
    const int64_t begin = index * step - before;
    return {std::max<int64_t>(0, begin), std::min(in, begin + window)};
  }
};

// What slides over what: (N, *in, C) to (N, *out, C).
struct Grid {
  int64_t batch, channels;
  Axis axes[3];
  std::vector<Span> spans;  // of the last axis
  bool overlap = false;     // whether an element is in several windows
  bool tiled = true;        // whether each is in exactly one

  // `spec`: the window, its steps and the padding before, `rank` numbers each.
  Grid(const ffi::AnyBuffer& in, const ffi::AnyBuffer& out,
       ffi::Span<const int64_t> spec) {
    const auto from = in.dimensions(), to = out.dimensions();
    const int64_t rank = static_cast<int64_t>(from.size()) - 2;
    if (rank < 1 || rank > 3 || to.size() != from.size() ||
        spec.size() != static_cast<size_t>(3 * rank)) {
      throw std::invalid_argument("the ranks of the arrays do not fit the attributes");
    }
    batch = from.front();
    channels = from.back();
    for (int64_t i = 0; i < rank; ++i) {
      Axis& axis = axes[3 - rank + i];
      axis = {from[i + 1], to[i + 1], spec[i], spec[rank + i], spec[2 * rank + i]};
      overlap |= axis.window > axis.step;
      tiled &= axis.window == axis.step && axis.before == 0 &&
               axis.in == axis.out * axis.step;
    }
    for (int64_t i = 0; i < axes[2].out; ++i) spans.push_back(axes[2].At(i));
  }

  int64_t ImageIn() const { return axes[0].in * axes[1].in * axes[2].in * channels; }
  int64_t LinesOut() const { return axes[0].out * axes[1].out; }  // of an image
  int64_t Width() const { return axes[2].out; }
  int64_t LineOut() const { return Width() * channels; }
  int64_t Pieces(int64_t threads, int64_t most) const {
    const int64_t worth = batch * ImageIn() / kLeastPiece;
    return std::clamp<int64_t>(std::min(worth, threads), 1, most);
  }

  // The number of rows that a line of the result depends on.
  int64_t RowsOf(int64_t line) const {
    const Span depth = axes[0].At(line / axes[1].out);
    const Span height = axes[1].At(line % axes[1].out);
    return (depth.end - depth.begin) * (height.end - height.begin);
  }

  // Calls run(where in the image a row begins, whether it is the first) for them.
  template <class F>
  void ForRows(int64_t line, F&& run) const {
    const Span depth = axes[0].At(line / axes[1].out);
    const Span height = axes[1].At(line % axes[1].out);
    for (int64_t i = depth.begin; i < depth.end; ++i) {
      for (int64_t j = height.begin; j < height.end; ++j) {
        run((i * axes[1].in + j) * axes[2].in * channels,
            i == depth.begin && j == height.begin);
      }
    }
  }
};

// Calls run(image, the line's number in it, y of the line) for all lines.
template <class T, class F>
void ForLines(ffi::ThreadPool& pool, const Grid& grid, const T* x, T* y, F&& run) {
  const int64_t lines = grid.batch * grid.LinesOut();
  const int64_t pieces = grid.Pieces(Threads(pool), lines);
  ParallelFor(pool, pieces, [&](int64_t i) {
    const Piece piece = Cut(lines, pieces, i);
    for (int64_t line = piece.begin; line < piece.begin + piece.size; ++line) {
      run(x + line / grid.LinesOut() * grid.ImageIn(), line % grid.LinesOut(),
          y + line * grid.LineOut());
    }
  });
}

ffi::Error MaxPool(ffi::ThreadPool pool, ffi::AnyBuffer x,
                   ffi::Result<ffi::AnyBuffer> y, ffi::Span<const int64_t> spec) {
  return Guard("max-pooling", [&] {
    const Grid grid(x, *y, spec);
    ByType(x, [&](auto type) {
      using T = decltype(type);
      ForLines(pool, grid, Data<const T>(x), Data<T>(*y),
               [&](const T* image, int64_t line, T* out) {
                 grid.ForRows(line, [&](int64_t row, bool first) {
                   LAMINA_RUN(Largest, image + row, grid.spans.data(), grid.Width(),
                              grid.channels, first, out);
                 });
               });
    });
  });
}

ffi::Error MeanPool(ffi::ThreadPool pool, ffi::AnyBuffer x,
                    ffi::Result<ffi::AnyBuffer> y, ffi::Span<const int64_t> spec) {
  return Guard("average-pooling", [&] {
    const Grid grid(x, *y, spec);
    ByType(x, [&](auto type) {
      using T = decltype(type);
      ForLines(pool, grid, Data<const T>(x), Data<T>(*y),
               [&](const T* image, int64_t line, T* out) {
                 std::vector<float> sum(grid.LineOut());
                 grid.ForRows(line, [&](int64_t row, bool first) {
                   LAMINA_RUN(Sums, image + row, grid.spans.data(), grid.Width(),
                              grid.channels, first, sum.data());
                 });
                 LAMINA_RUN(Means, sum.data(), grid.spans.data(), grid.Width(),
                            grid.channels, grid.RowsOf(line), out);
               });
    });
  });
}

// Makes `dx` image by image: run(kAdd, image, line, out) either adds to `out`, sums
// that begin at 0, or, where no windows overlap, sets it; `line` counts through all
// images.
template <class T, class F>
void Spread(ffi::ThreadPool& pool, const Grid& grid, T* dx, F&& run) {
  const int64_t size = grid.ImageIn();
  const int64_t pieces = grid.Pieces(Threads(pool), grid.batch);
  const bool sums = grid.overlap && !std::is_same_v<T, float>;
  ParallelFor(pool, pieces, [&](int64_t i) {
    const Piece piece = Cut(grid.batch, pieces, i);
    std::vector<float> own(sums ? size : 0);
    for (int64_t image = piece.begin; image < piece.begin + piece.size; ++image) {
      T* out = dx + image * size;
      if (sums) {
        std::fill(own.begin(), own.end(), 0.f);
      } else if (!grid.tiled) {
        std::memset(static_cast<void*>(out), 0, size * sizeof(T));
      }
      for (int64_t i = 0; i < grid.LinesOut(); ++i) {
        const int64_t line = image * grid.LinesOut() + i;
        if (sums) {
          run(std::true_type{}, image, line, own.data());
        } else if (grid.overlap) {
          run(std::true_type{}, image, line, out);
        } else {
          run(std::false_type{}, image, line, out);
        }
      }
      if (sums) LAMINA_RUN(Round, own.data(), size, out);
    }
  });
}

ffi::Error MaxPoolGradient(ffi::ThreadPool pool, ffi::AnyBuffer x, ffi::AnyBuffer y,
                           ffi::AnyBuffer dy, ffi::Result<ffi::AnyBuffer> dx,
                           ffi::Span<const int64_t> spec) {
  return Guard("gradient of max-pooling", [&] {
    const Grid grid(x, y, spec);
    ByType(x, [&](auto type) {
      using T = decltype(type);
      const T *in = Data<const T>(x), *most = Data<const T>(y);
      const T* given = Data<const T>(dy);
      Spread(pool, grid, Data<T>(*dx),
             [&](auto add, int64_t image, int64_t line, auto* out) {
               const int64_t at = line * grid.LineOut();
               std::vector<T> left(given + at, given + at + grid.LineOut());
               const T* from = in + image * grid.ImageIn();
               grid.ForRows(line % grid.LinesOut(), [&](int64_t row, bool) {
                 LAMINA_RUN(ToLargest<add()>, from + row, grid.spans.data(),
                            grid.Width(), grid.channels, most + at, left.data(),
                            out + row);
               });
             });
    });
  });
}

ffi::Error MeanPoolGradient(ffi::ThreadPool pool, ffi::AnyBuffer dy,
                            ffi::Result<ffi::AnyBuffer> dx,
                            ffi::Span<const int64_t> spec) {
  return Guard("gradient of average-pooling", [&] {
    const Grid grid(*dx, dy, spec);
    ByType(dy, [&](auto type) {
      using T = decltype(type);
      const T* given = Data<const T>(dy);
      Spread(pool, grid, Data<T>(*dx),
             [&](auto add, int64_t, int64_t line, auto* out) {
               const int64_t at = line % grid.LinesOut();
               std::vector<float> share(grid.LineOut());
               LAMINA_RUN(Means, given + line * grid.LineOut(), grid.spans.data(),
                          grid.Width(), grid.channels, grid.RowsOf(at), share.data());
               grid.ForRows(at, [&](int64_t row, bool) {
                 LAMINA_RUN(Give<add()>, share.data(), grid.spans.data(), grid.Width(),
                            grid.channels, out + row);
               });
             });
    });
  });
}

}  // namespace
}  // namespace lamina

namespace ffi = xla::ffi;

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaMaxPool, lamina::MaxPool,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<ffi::Span<const int64_t>>("spec"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaMaxPoolGradient, lamina::MaxPoolGradient,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<ffi::Span<const int64_t>>("spec"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaMeanPool, lamina::MeanPool,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<ffi::Span<const int64_t>>("spec"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaMeanPoolGradient, lamina::MeanPoolGradient,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<ffi::Span<const int64_t>>("spec"));

#pragma GCC visibility pop
