// Recurrent layers: all steps of an LSTM or a GRU in one call.
//
// The rows of a batch do not meet until the gradients of the weights: each thread takes
// some rows through all steps, with the weights in its cache and no barrier between
// steps. What a step needs of the one before is still in the cache, too.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "onednn.h"
#include "parallel.h"
#include "vectors.h"
#include "xla/ffi/api/ffi.h"

namespace lamina {
namespace {

namespace ffi = xla::ffi;
using F32 = ffi::Buffer<ffi::DataType::F32>;
using Out = ffi::Result<F32>;

constexpr int64_t kLeastPiece = 1 << 19;  // multiplications worth a thread
constexpr int64_t kLeastRows = 4;         // of a batch worth a piece of their own
constexpr int64_t kDepth = 128;           // rows of gradients that stay in the cache

// Numbers of row r at step t.
struct Strided {
  float* data;
  int64_t row, step;

  Strided(const float* data, int64_t row, int64_t step)
      : data(const_cast<float*>(data)), row(row), step(step) {}
  Strided At(int64_t r, int64_t t) const {
    return {data + r * row + t * step, row, step};
  }
};

// How far apart the numbers of a product are: `am` from row to row of a, `ak` and `bk`
// along what is summed over, `ag` and `bg` from group to group of `k` of them.
struct Product {
  int64_t k, am, ak, bk = 0, groups = 1, ag = 0, bg = 0;
};

// Columns of the recurrent weights, and the gates that they belong to.
struct Columns {
  int64_t weights, gates, size;
};

// An LSTM, or with `update` a GRU. A GRU's candidate has two gates: that of the inputs
// and, behind it, that of the state.
struct Network {
  int64_t batch, steps, features, units;
  bool update;
  int64_t inputs, states;
  std::vector<Columns> parts;

  Network(const F32& x, const F32& first, bool update)
      : batch(x.dimensions()[0]),
        steps(x.dimensions()[1]),
        features(x.dimensions()[2]),
        units(first.dimensions()[1]),
        update(update) {
    inputs = states = (update ? 3 : 4) * units;
    parts = {{0, 0, 4 * units}};
    if (update) parts = {{0, 0, 2 * units}, {2 * units, 3 * units, units}};
    if (units % 16) throw std::invalid_argument("expected a multiple of 16 units");
  }

  // Twice as many as threads: one that starts late finds some left.
  int64_t Pieces(int64_t threads) const {
    const int64_t worth = batch * steps * inputs * (features + units) / kLeastPiece;
    const int64_t most = threads > 1 ? 2 * threads : 1;
    return std::max<int64_t>(1, std::min({most, worth, batch / kLeastRows}));
  }

  Strided Series(const float* data, int64_t width) const {
    return {data, steps * width, width};
  }
};

struct Forward {
  Strided x, first_h, first_c, h, c, gates;
  const float *kernel, *recurrent, *bias;  // the first two packed
};

struct Backward {
  Strided x, first_h, first_c, h, c, gates, d_h, d_gates;
  const float* turned;  // the recurrent weights, transposed and packed
  float *dh, *dc;
};

// Where gradients of the weights are added up.
struct Weights {
  float *kernel, *recurrent, *bias;
};

#define LAMINA_LOOPS "recurrence_loops.inc"
#include "versions.inc"

float* Data(Out& buffer) {
  return buffer->element_count() ? buffer->typed_data() : nullptr;
}

// The recurrent weights of each part, packed; transposed for the way back.
std::vector<float> PackStates(const Network& net, const float* weights, bool turn) {
  std::vector<float> packed(net.units * net.states);
  for (const Columns& part : net.parts) {
    float* to = packed.data() + part.weights * net.units;
    const float* from = weights + part.weights;
    if (turn) {
      LAMINA_RUN(Pack, Strided(from, 1, net.states), part.size, net.units, to);
    } else {
      LAMINA_RUN(Pack, Strided(from, net.states, 1), net.units, part.size, to);
    }
  }
  return packed;
}

ffi::Error Recurrence(ffi::ThreadPool pool, F32 x, F32 kernel, F32 recurrent, F32 bias,
                      F32 first_h, F32 first_c, Out outputs, Out gates, Out memory,
                      Out last_h, Out last_c, bool update) {
  return Guard("recurrence", [&] {
    const Network net(x, first_h, update);
    const int64_t units = net.units;
    std::vector<float> weights(net.features * net.inputs);
    LAMINA_RUN(Pack, Strided(kernel.typed_data(), net.inputs, 1), net.features,
               net.inputs, weights.data());
    const std::vector<float> states = PackStates(net, recurrent.typed_data(), false);
    // What nobody asked for step by step is kept of the last step only.
    const Strided h = Data(outputs) ? net.Series(Data(outputs), units)
                                    : Strided(Data(last_h), units, 0);
    const Strided c = Data(memory) ? net.Series(Data(memory), units)
                                   : Strided(Data(last_c), units, 0);
    const Forward pass = {net.Series(x.typed_data(), net.features),
                          {first_h.typed_data(), units, 0},
                          {first_c.typed_data(), units, 0},
                          h,
                          c,
                          net.Series(Data(gates), 4 * units),
                          weights.data(),
                          states.data(),
                          bias.typed_data()};
    const int64_t pieces = net.Pieces(Threads(pool));
    ParallelFor(pool, pieces, [&](int64_t piece) {
      const Piece cut = Cut(net.batch, pieces, piece);
      LAMINA_RUN(RunForward, net, pass, cut.begin, cut.size);
      for (int64_t r = cut.begin; r < cut.begin + cut.size; ++r) {
        const auto keep = [&](const Strided& series, float* last) {
          if (!last || !series.step) return;
          std::memcpy(last + r * units, series.At(r, net.steps - 1).data,
                      units * sizeof(float));
        };
        keep(h, Data(last_h));
        keep(c, Data(last_c));
      }
    });
  });
}

ffi::Error RecurrenceGradient(ffi::ThreadPool pool, F32 x, F32 recurrent, F32 first_h,
                              F32 first_c, F32 outputs, F32 gates, F32 memory,
                              F32 d_outputs, F32 d_last_h, F32 d_last_c, Out d_gates,
                              Out d_kernel, Out d_recurrent, Out d_bias, Out d_first_h,
                              Out d_first_c, bool update) {
  return Guard("gradient of a recurrence", [&] {
    const Network net(x, first_h, update);
    const int64_t units = net.units;
    const std::vector<float> turned = PackStates(net, recurrent.typed_data(), true);
    std::copy_n(d_last_h.typed_data(), d_last_h.element_count(), Data(d_first_h));
    std::copy_n(d_last_c.typed_data(), d_last_c.element_count(), Data(d_first_c));
    const float* d_h = d_outputs.element_count() ? d_outputs.typed_data() : nullptr;
    const Backward pass = {net.Series(x.typed_data(), net.features),
                           {first_h.typed_data(), units, 0},
                           {first_c.typed_data(), units, 0},
                           net.Series(outputs.typed_data(), units),
                           net.Series(memory.typed_data(), units),
                           net.Series(gates.typed_data(), 4 * units),
                           net.Series(d_h, units),
                           net.Series(Data(d_gates), 4 * units),
                           turned.data(),
                           Data(d_first_h),
                           Data(d_first_c)};
    const int64_t pieces = net.Pieces(Threads(pool));
    const int64_t sizes[] = {net.features * net.inputs, units * net.states, 4 * units};
    const int64_t size = sizes[0] + sizes[1] + sizes[2];
    std::vector<std::vector<float>> sums(pieces, std::vector<float>(size));
    ParallelFor(pool, pieces, [&](int64_t piece) {
      const Piece cut = Cut(net.batch, pieces, piece);
      float* to = sums[piece].data();
      LAMINA_RUN(RunBackward, net, pass, cut.begin, cut.size,
                 Weights{to, to + sizes[0], to + sizes[0] + sizes[1]});
    });
    for (int64_t piece = 1; piece < pieces; ++piece) {
      for (int64_t i = 0; i < size; ++i) sums[0][i] += sums[piece][i];
    }
    const float* from = sums[0].data();
    std::copy_n(from, sizes[0], Data(d_kernel));
    std::copy_n(from + sizes[0], sizes[1], Data(d_recurrent));
    std::copy_n(from + sizes[0] + sizes[1], sizes[2], Data(d_bias));
  });
}

}  // namespace
}  // namespace lamina

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaRecurrence, lamina::Recurrence,
                              xla::ffi::Ffi::Bind()
                                  .Ctx<xla::ffi::ThreadPool>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Ret<lamina::F32>()
                                  .Ret<lamina::F32>()
                                  .Ret<lamina::F32>()
                                  .Ret<lamina::F32>()
                                  .Ret<lamina::F32>()
                                  .Attr<bool>("update"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaRecurrenceGradient, lamina::RecurrenceGradient,
                              xla::ffi::Ffi::Bind()
                                  .Ctx<xla::ffi::ThreadPool>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Arg<lamina::F32>()
                                  .Ret<lamina::F32>()
                                  .Ret<lamina::F32>()
                                  .Ret<lamina::F32>()
                                  .Ret<lamina::F32>()
                                  .Ret<lamina::F32>()
                                  .Ret<lamina::F32>()
                                  .Attr<bool>("update"));

#pragma GCC visibility pop
