// Adam's step for all variables of a model: one pass over each, one call for all.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "onednn.h"
#include "parallel.h"
#include "vectors.h"
#include "xla/ffi/api/ffi.h"

namespace lamina {
namespace {

namespace ffi = xla::ffi;
using F32 = ffi::Buffer<ffi::DataType::F32>;

constexpr int64_t kBlock = 1 << 13;       // elements of a block
constexpr int64_t kLeastPiece = 1 << 13;  // elements worth a thread

// A variable. What comes out may lie where it came from.
struct Weights {
  const float *gradient, *value, *mean, *square;
  float *new_value, *new_mean, *new_square;
  int64_t size;

  Weights From(int64_t begin, int64_t count) const {
    return {gradient + begin,   value + begin,     mean + begin, square + begin,
            new_value + begin,  new_mean + begin,  new_square + begin, count};
  }
};

struct Rule {
  float scale, rest_1, rest_2, epsilon;
};

#define LAMINA_LOOPS "adam_loops.inc"
#include "versions.inc"

// Gradients, values, means and squares come in; values, means and squares leave.
std::vector<Weights> Blocks(const ffi::RemainingArgs& in, const ffi::RemainingRets& out) {
  const size_t count = out.size() / 3;
  const auto from = [&](size_t i) {
    auto buffer = in.get<F32>(i);
    if (!buffer.has_value()) throw std::invalid_argument("expected float32");
    return buffer.value();
  };
  const auto to = [&](size_t i) {
    auto buffer = out.get<F32>(i);
    if (!buffer.has_value()) throw std::invalid_argument("expected float32");
    return (*buffer)->typed_data();
  };
  std::vector<Weights> blocks;
  for (size_t i = 0; i < count; ++i) {
    const F32 gradient = from(i);
    const int64_t size = static_cast<int64_t>(gradient.element_count());
    const Weights all = {gradient.typed_data(),
                         from(count + i).typed_data(),
                         from(2 * count + i).typed_data(),
                         from(3 * count + i).typed_data(),
                         to(i),
                         to(count + i),
                         to(2 * count + i),
                         size};
    for (int64_t begin = 0; begin < size; begin += kBlock) {
      blocks.push_back(all.From(begin, std::min(kBlock, size - begin)));
    }
  }
  return blocks;
}

ffi::Error Adam(ffi::ThreadPool pool, F32 scale, ffi::RemainingArgs in,
                ffi::RemainingRets out, float rest_1, float rest_2, float epsilon) {
  return Guard("Adam's step", [&] {
    const std::vector<Weights> blocks = Blocks(in, out);
    const Rule rule = {*scale.typed_data(), rest_1, rest_2, epsilon};
    int64_t size = 0;
    for (const Weights& block : blocks) size += block.size;
    // More pieces than threads: a thread that starts late finds some left.
    const int64_t most = Threads(pool) > 1 ? 4 * Threads(pool) : 1;
    const int64_t pieces = std::clamp<int64_t>(size / kLeastPiece, 1, most);
    ParallelFor(pool, pieces, [&](int64_t piece) {
      // A run of whole blocks: of each piece's elements, those whose block starts there.
      int64_t at = 0;
      const Piece cut = Cut(size, pieces, piece);
      for (const Weights& block : blocks) {
        if (at >= cut.begin && at < cut.begin + cut.size) {
          LAMINA_RUN(Step, block, rule);
        }
        at += block.size;
      }
    });
  });
}

}  // namespace
}  // namespace lamina

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaAdam, lamina::Adam,
                              xla::ffi::Ffi::Bind()
                                  .Ctx<xla::ffi::ThreadPool>()
                                  .Arg<lamina::F32>()
                                  .RemainingArgs()
                                  .RemainingRets()
                                  .Attr<float>("rest_1")
                                  .Attr<float>("rest_2")
                                  .Attr<float>("epsilon"));

#pragma GCC visibility pop
