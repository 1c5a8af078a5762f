// Attention: weights by a softmax over scores, and the sum of the values by weights.
//
// One head of one example at a time, in blocks of queries whose scores stay in the cache
// and are never written to memory. Heads are read where they lie in (B, T, N, H). The
// gradient computes the weights again from queries and keys.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "arrays.h"
#include "onednn.h"
#include "parallel.h"
#include "vectors.h"
#include "xla/ffi/api/ffi.h"

namespace lamina {
namespace {

namespace ffi = xla::ffi;

constexpr int64_t kScores = 1 << 15;   // numbers of a block of scores
constexpr double kLeastWork = 2e6;     // floating-point operations worth a thread
constexpr float kHidden = -0.7f * std::numeric_limits<float>::max();

// Which pairs of a query and a key count; all without data.
struct Mask {
  const uint8_t* data = nullptr;
  int64_t row = 0, step = 0;  // 0 where one number holds for all

  Mask From(int64_t t) const {
    return data == nullptr ? *this : Mask{data + t * row, row, step};
  }
};

// Sizes of one head. Rows of numbers are padded to whole vectors.
struct Head {
  int64_t t, s, size;  // queries, keys, numbers of each
  int64_t step;        // between rows of one head
  float scale;
  int64_t sources, pitch, block;

  Head(int64_t t, int64_t s, int64_t size, int64_t step, float scale)
      : t(t), s(s), size(size), step(step), scale(scale) {
    sources = (s + 15) / 16 * 16;
    pitch = (size + 15) / 16 * 16;
    block = std::clamp<int64_t>(kScores / sources / 8 * 8, 8, 64);
  }

  int64_t Room(bool gradient) const {
    const int64_t across = size * sources, along = sources * pitch;
    return gradient ? 2 * across + 3 * along + block * (3 * pitch + 2 * sources)
                    : across + along + block * (2 * pitch + sources);
  }
};

#define LAMINA_LOOPS "attention_loops.inc"
#include "versions.inc"

// All heads of all examples; examples are the product of the leading axes.
struct Heads {
  int64_t examples, heads;
  Head head;
  int64_t masks, mask_heads;  // sizes of the mask; 1 where one holds for all
  Mask mask;

  Heads(const ffi::AnyBuffer& q, const ffi::AnyBuffer& k, const ffi::AnyBuffer& mask,
        float scale)
      : examples(1),
        heads(FromEnd(q, 2)),
        head(FromEnd(q, 3), FromEnd(k, 3), FromEnd(q, 1), heads * FromEnd(q, 1), scale),
        masks(1),
        mask_heads(1) {
    for (size_t i = 0; i + 3 < q.dimensions().size(); ++i) examples *= q.dimensions()[i];
    if (mask.element_count() == 0) return;
    const int64_t rows = FromEnd(mask, 2), columns = FromEnd(mask, 1);
    mask_heads = FromEnd(mask, 3);
    masks = static_cast<int64_t>(mask.element_count()) / (mask_heads * rows * columns);
    this->mask = {static_cast<const uint8_t*>(mask.untyped_data()),
                  rows > 1 ? columns : 0, columns > 1 ? 1 : 0};
    mask_size = rows * columns;
  }

  Mask MaskOf(int64_t example, int64_t index) const {
    if (mask.data == nullptr) return mask;
    const int64_t place = example * masks / examples * mask_heads;
    const int64_t at = place + (mask_heads > 1 ? index : 0);
    return {mask.data + at * mask_size, mask.row, mask.step};
  }

  // Calls run(room, mask, offset by queries, offset by keys) for each head.
  template <class F>
  void ForEach(ffi::ThreadPool& pool, bool gradient, F&& run) const {
    const int64_t count = examples * heads;
    const double work = (gradient ? 10. : 4.) * head.t * head.s * head.size;
    const int64_t pieces = std::clamp<int64_t>(
        std::min<int64_t>(work * count / kLeastWork, 4 * Threads(pool)), 1,
        std::max<int64_t>(1, count));
    ParallelFor(pool, pieces, [&](int64_t piece) {
      const Piece cut = Cut(count, pieces, piece);
      const size_t bytes = head.Room(gradient) * sizeof(float);
      float* room = static_cast<float*>(Buffer(Slot::kPartial, bytes));
      for (int64_t i = cut.begin; i < cut.begin + cut.size; ++i) {
        const int64_t example = i / heads, index = i % heads;
        run(room, MaskOf(example, index),
            example * head.t * head.step + index * head.size,
            example * head.s * head.step + index * head.size);
      }
    });
  }

 private:
  int64_t mask_size = 0;

  static int64_t FromEnd(const ffi::AnyBuffer& x, size_t place) {
    if (x.dimensions().size() < 4) throw std::invalid_argument("expected rank 4");
    return x.dimensions()[x.dimensions().size() - place];
  }
};

ffi::Error Attention(ffi::ThreadPool pool, ffi::AnyBuffer q, ffi::AnyBuffer k,
                     ffi::AnyBuffer v, ffi::AnyBuffer mask,
                     ffi::Result<ffi::AnyBuffer> out, float scale) {
  return Guard("attention", [&] {
    const Heads all(q, k, mask, scale);
    ByType(q, [&](auto type) {
      using T = decltype(type);
      all.ForEach(pool, false, [&](float* room, const Mask& part, int64_t at,
                                   int64_t from) {
        LAMINA_RUN(Attend, all.head, room, Data<T>(q) + at, Data<T>(k) + from,
                   Data<T>(v) + from, part, Data<T>(*out) + at);
      });
    });
  });
}

ffi::Error AttentionGradient(ffi::ThreadPool pool, ffi::AnyBuffer q, ffi::AnyBuffer k,
                             ffi::AnyBuffer v, ffi::AnyBuffer mask, ffi::AnyBuffer dout,
                             ffi::Result<ffi::AnyBuffer> dq,
                             ffi::Result<ffi::AnyBuffer> dk,
                             ffi::Result<ffi::AnyBuffer> dv, float scale) {
  return Guard("gradient of attention", [&] {
    const Heads all(q, k, mask, scale);
    ByType(q, [&](auto type) {
      using T = decltype(type);
      all.ForEach(pool, true, [&](float* room, const Mask& part, int64_t at,
                                  int64_t from) {
        LAMINA_RUN(AttendGradient, all.head, room, Data<T>(q) + at, Data<T>(k) + from,
                   Data<T>(v) + from, part, Data<T>(dout) + at, Data<T>(*dq) + at,
                   Data<T>(*dk) + from, Data<T>(*dv) + from);
      });
    });
  });
}

}  // namespace
}  // namespace lamina

namespace ffi = xla::ffi;

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaAttention, lamina::Attention,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<float>("scale"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaAttentionGradient, lamina::AttentionGradient,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<float>("scale"));

#pragma GCC visibility pop
