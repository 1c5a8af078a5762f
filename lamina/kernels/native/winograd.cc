// Convolutions with windows of 3x3 and stride 1 by minimal filtering, F(4x4, 3x3).
//
// A tile of 4x4 outputs comes from 6x6 inputs. Both the tile and the filter are
// evaluated as polynomials at six points along each axis; there a convolution is a
// product of numbers, so that a tile needs 36 products for each pair of channels in
// place of 144, and the sums over the channels are products of matrices. The gradient
// by the filters is the transpose of the same steps, and the gradient by the input is a
// convolution with the filters turned around.
//
// A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks" (2015). The
// points here are 0, 5/8, -5/8, 3/2, -3/2 and infinity: with 0, 1, -1, 2, -2 the
// rounding errors are more than twice as large.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "onednn.h"
#include "parallel.h"
#include "vectors.h"
#include "xla/ffi/api/ffi.h"

namespace lamina {
namespace {

namespace ffi = xla::ffi;
using F32 = ffi::Buffer<ffi::DataType::F32>;

constexpr float kA = 0.625f, kB = 1.5f, kA2 = kA * kA, kB2 = kB * kB;
// Each point's share in the interpolation: the product of its distances from the others.
constexpr float kWeight0 = 1 / (kA2 * kB2);
constexpr float kWeightA = 1 / (2 * kA2 * (kA2 - kB2));
constexpr float kWeightB = 1 / (2 * kB2 * (kB2 - kA2));

constexpr int64_t kBlockBytes = 768 << 10;  // points at work, to stay in a cache
constexpr int64_t kFewestTiles = 8;         // of a block
constexpr int64_t kGradientTiles = 64;      // of a block whose products are added up
constexpr int64_t kPieceTiles = 16;         // worth a thread
constexpr int64_t kPieceFilters = 1 << 10;  // 3x3 filters worth a thread
constexpr int64_t kPartialBytes = int64_t{64} << 20;

#define LAMINA_LOOPS "winograd_loops.inc"
#include "versions.inc"

// How many columns of a product are computed together.
int64_t PanelWidth() { return Vectors() == 2 ? 32 : Vectors() == 1 ? 16 : 8; }

// The tiles of a batch of images. Positions in the inputs are those in the outputs less
// the padding.
struct Tiles {
  Dims in, out;       // (N, H, W, C)
  int64_t top, left;  // the padding
  int64_t down, across;

  Tiles(Dims inputs, Dims outputs, int64_t top, int64_t left)
      : in(std::move(inputs)), out(std::move(outputs)), top(top), left(left) {
    down = (out[1] + 3) / 4;
    across = (out[2] + 3) / 4;
    const bool whole = in.size() == 4 && out.size() == 4 && in[3] % 16 == 0 &&
                       out[3] % 16 == 0 && in[0] == out[0];
    if (!whole) throw std::invalid_argument("expected channels in multiples of 16");
  }

  int64_t Count() const { return out[0] * down * across; }

  struct Place {
    int64_t image, row, column;  // of the first output
  };
  Place At(int64_t index) const {
    const int64_t each = down * across, rest = index % each;
    return {index / each, rest / across * 4, rest % across * 4};
  }
};

// A square of an image, `size` wide: its elements where they are, or copied into
// `patch` with zeros around the image.
const float* Square(const float* images, const Dims& dims, int64_t image, int64_t row,
                    int64_t column, int64_t size, float* patch, int64_t* row_step) {
  const int64_t height = dims[1], width = dims[2], channels = dims[3];
  const float* base = images + image * height * width * channels;
  if (row >= 0 && column >= 0 && row + size <= height && column + size <= width) {
    *row_step = width * channels;
    return base + (row * width + column) * channels;
  }
  *row_step = size * channels;
  std::memset(patch, 0, size * size * channels * sizeof(float));
  const int64_t first = std::max<int64_t>(0, -column);
  const int64_t last = std::min(size, width - column);
  for (int64_t i = std::max<int64_t>(0, -row); i < std::min(size, height - row); ++i) {
    if (last <= first) break;
    std::memcpy(patch + (i * size + first) * channels,
                base + ((row + i) * width + column + first) * channels,
                (last - first) * channels * sizeof(float));
  }
  return patch;
}

float* Floats(Slot slot, int64_t count) {
  return static_cast<float*>(Buffer(slot, count * sizeof(float)));
}

void InputPoints(const Tiles& tiles, const float* x, int64_t begin, int64_t count,
                 float* points) {
  const int64_t c = tiles.in[3];
  float* patch = Floats(Slot::kScratch, 36 * c);
  for (int64_t t = 0; t < count; ++t) {
    const Tiles::Place at = tiles.At(begin + t);
    int64_t step;
    const float* from = Square(x, tiles.in, at.image, at.row - tiles.top,
                               at.column - tiles.left, 6, patch, &step);
    LAMINA_RUN(InputToPoints, from, step, c, c, points + t * c, count * c);
  }
}

void GradientPoints(const Tiles& tiles, const float* dy, int64_t begin, int64_t count,
                    float* points) {
  const int64_t k = tiles.out[3];
  float* patch = Floats(Slot::kScratch, 16 * k);
  for (int64_t t = 0; t < count; ++t) {
    const Tiles::Place at = tiles.At(begin + t);
    int64_t step;
    const float* from =
        Square(dy, tiles.out, at.image, at.row, at.column, 4, patch, &step);
    LAMINA_RUN(GradientToPoints, from, step, k, k, points + t * k, count * k);
  }
}

void Outputs(const Tiles& tiles, const float* products, int64_t begin, int64_t count,
             int64_t panel, int64_t width, const float* bias, bool relu, float* y) {
  const int64_t h = tiles.out[1], w = tiles.out[2], k = tiles.out[3];
  for (int64_t t = 0; t < count; ++t) {
    const Tiles::Place at = tiles.At(begin + t);
    float* to = y + ((at.image * h + at.row) * w + at.column) * k + panel;
    LAMINA_RUN(PointsToOutput, products + t * width, count * width, width,
               bias == nullptr ? nullptr : bias + panel, relu, to, w * k, k,
               std::min<int64_t>(4, h - at.row), std::min<int64_t>(4, w - at.column));
  }
}

int64_t PieceCount(const Tiles& tiles, int64_t threads, int64_t each) {
  return std::clamp<int64_t>(tiles.Count() / kPieceTiles, 1, threads * each);
}

int64_t FilterPieces(const ffi::ThreadPool& pool, int64_t filters) {
  return std::clamp<int64_t>(filters / kPieceFilters, 1, Threads(pool));
}

// The points of filters (3, 3, in, out), in panels of outputs, in this thread's buffer.
const float* FilterPoints(ffi::ThreadPool& pool, const float* filters, int64_t in,
                          int64_t out) {
  float* panels = Floats(Slot::kWeights, 36 * in * out);
  const int64_t pieces = FilterPieces(pool, in * out);
  ParallelFor(pool, pieces, [&](int64_t i) {
    const Piece piece = Cut(in, pieces, i);
    for (int64_t c = piece.begin; c < piece.begin + piece.size; ++c) {
      LAMINA_RUN(FilterToPoints, filters, in, out, c, panels);
    }
  });
  return panels;
}

void Convolve(ffi::ThreadPool& pool, const Tiles& tiles, const float* x,
              const float* filters, const float* bias, bool relu, float* y) {
  const int64_t c = tiles.in[3], k = tiles.out[3], widest = PanelWidth();
  const float* panels = FilterPoints(pool, filters, c, k);
  const int64_t bytes = 36 * static_cast<int64_t>(sizeof(float)) * (c + widest);
  const int64_t block = std::max(kFewestTiles, kBlockBytes / bytes);
  const int64_t pieces = PieceCount(tiles, Threads(pool), 2);
  ParallelFor(pool, pieces, [&](int64_t i) {
    const Piece piece = Cut(tiles.Count(), pieces, i);
    const int64_t blocks = (piece.size + block - 1) / block;
    float* points = Floats(Slot::kInputs, 36 * std::min(block, piece.size) * c);
    float* products = Floats(Slot::kProducts, 36 * std::min(block, piece.size) * widest);
    for (int64_t j = 0; j < blocks; ++j) {
      const Piece part = Cut(piece.size, blocks, j);
      const int64_t begin = piece.begin + part.begin;
      InputPoints(tiles, x, begin, part.size, points);
      for (int64_t panel = 0; panel < k; panel += widest) {
        const int64_t width = std::min(widest, k - panel);
        LAMINA_RUN(MultiplyPoints, points, panels + 36 * c * panel, part.size, c, width,
                   products);
        Outputs(tiles, products, begin, part.size, panel, width, bias, relu, y);
      }
    }
  });
}

void ConvolveGradient(ffi::ThreadPool& pool, const Tiles& tiles, const float* x,
                      const float* dy, float* dw) {
  const int64_t c = tiles.in[3], k = tiles.out[3], size = 36 * c * k;
  const int64_t room = std::max<int64_t>(1, kPartialBytes / (size * sizeof(float)));
  const int64_t pieces = std::min(room, PieceCount(tiles, Threads(pool), 1));
  float* sums = Floats(Slot::kPartial, size * pieces);
  ParallelFor(pool, pieces, [&](int64_t i) {
    const Piece piece = Cut(tiles.Count(), pieces, i);
    const int64_t blocks = (piece.size + kGradientTiles - 1) / kGradientTiles;
    const int64_t most = (piece.size + blocks - 1) / blocks;
    float* points = Floats(Slot::kInputs, 36 * most * c);
    float* gradients = Floats(Slot::kProducts, 36 * most * k);
    for (int64_t j = 0; j < blocks; ++j) {
      const Piece part = Cut(piece.size, blocks, j);
      const int64_t begin = piece.begin + part.begin;
      InputPoints(tiles, x, begin, part.size, points);
      GradientPoints(tiles, dy, begin, part.size, gradients);
      LAMINA_RUN(MultiplyGradients, points, gradients, part.size, c, k, j > 0,
                 sums + size * i);
    }
  });
  // Pieces are added in their order, so that the result is always the same.
  const int64_t shares = FilterPieces(pool, c * k);
  ParallelFor(pool, shares, [&](int64_t i) {
    const Piece piece = Cut(c, shares, i);
    for (int64_t j = piece.begin; j < piece.begin + piece.size; ++j) {
      LAMINA_RUN(PointsToFilter, sums, pieces, size, c, k, j, dw);
    }
  });
}

// Filters (3, 3, in, out) turned around, as (3, 3, out, in), in this thread's buffer.
const float* Turned(ffi::ThreadPool& pool, const float* filters, int64_t in,
                    int64_t out) {
  constexpr int64_t kSide = 16;
  float* turned = Floats(Slot::kPartial, 9 * in * out);
  const int64_t pieces = FilterPieces(pool, in * out) > 1 ? 9 : 1;
  const auto turn = [&](int64_t p) {
    const float* from = filters + p * in * out;
    float* to = turned + (8 - p) * in * out;
    for (int64_t i = 0; i < in; i += kSide) {
      for (int64_t j = 0; j < out; j += kSide) {
        for (int64_t a = i; a < i + kSide; ++a) {
          for (int64_t b = j; b < j + kSide; ++b) to[b * in + a] = from[a * out + b];
        }
      }
    }
  };
  ParallelFor(pool, pieces, [&](int64_t i) {
    const Piece piece = Cut(9, pieces, i);
    for (int64_t p = piece.begin; p < piece.begin + piece.size; ++p) turn(p);
  });
  return turned;
}

// The attribute `spec` of a convolution: rank, groups, relu, then two numbers each of
// strides, dilations, and the padding before and after.
struct Spec {
  bool relu;
  int64_t top, left;
  explicit Spec(ffi::Span<const int64_t> spec) {
    if (spec.size() != 11) throw std::invalid_argument("expected two spatial axes");
    relu = spec.begin()[2] != 0;
    top = spec.begin()[7];
    left = spec.begin()[8];
  }
};

ffi::Error Forward(ffi::ThreadPool pool, F32 x, F32 filters, F32 bias,
                   ffi::Result<F32> y, ffi::Span<const int64_t> numbers) {
  return Guard("convolution", [&] {
    const Spec spec(numbers);
    const Tiles tiles(ToDims(x.dimensions()), ToDims(y->dimensions()), spec.top,
                      spec.left);
    Convolve(pool, tiles, x.typed_data(), filters.typed_data(),
             bias.element_count() > 0 ? bias.typed_data() : nullptr, spec.relu,
             y->typed_data());
  });
}

ffi::Error BackwardData(ffi::ThreadPool pool, F32 dy, F32 filters, ffi::Result<F32> dx,
                        ffi::Span<const int64_t> numbers) {
  return Guard("gradient of a convolution", [&] {
    const Spec spec(numbers);
    const Tiles tiles(ToDims(dy.dimensions()), ToDims(dx->dimensions()), 2 - spec.top,
                      2 - spec.left);
    const float* turned =
        Turned(pool, filters.typed_data(), tiles.out[3], tiles.in[3]);
    Convolve(pool, tiles, dy.typed_data(), turned, nullptr, false, dx->typed_data());
  });
}

ffi::Error BackwardFilters(ffi::ThreadPool pool, F32 x, F32 dy, ffi::Result<F32> dw,
                           ffi::Span<const int64_t> numbers) {
  return Guard("gradient of a convolution's filters", [&] {
    const Spec spec(numbers);
    const Tiles tiles(ToDims(x.dimensions()), ToDims(dy.dimensions()), spec.top,
                      spec.left);
    ConvolveGradient(pool, tiles, x.typed_data(), dy.typed_data(), dw->typed_data());
  });
}

}  // namespace
}  // namespace lamina

namespace ffi = xla::ffi;

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaWinograd, lamina::Forward,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Ret<lamina::F32>()
                                  .Attr<ffi::Span<const int64_t>>("spec"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaWinogradData, lamina::BackwardData,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Ret<lamina::F32>()
                                  .Attr<ffi::Span<const int64_t>>("spec"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaWinogradFilters, lamina::BackwardFilters,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Ret<lamina::F32>()
                                  .Attr<ffi::Span<const int64_t>>("spec"));

#pragma GCC visibility pop
