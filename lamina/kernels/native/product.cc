// Products of matrices, each of them optionally transposed, also in batches.
//
// Arrays are dense. The longer side of the result is cut into pieces; each piece is one
// oneDNN primitive on one thread and computes all of its sums, so that nothing is added
// up afterwards.

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>
#include <oneapi/dnnl/dnnl.hpp>
#include <stdexcept>

#include "onednn.h"
#include "parallel.h"
#include "xla/ffi/api/ffi.h"

namespace lamina {
namespace {

namespace ffi = xla::ffi;
using dnnl::memory;

constexpr size_t kPlans = 4096;
constexpr double kLeastWork = 4e6;   // floating-point operations worth a thread
constexpr double kGoodWork = 3e7;    // enough that a further cut costs nothing
constexpr int64_t kMultiple = 32;    // pieces end at whole blocks of oneDNN's kernels

// A stack of matrices in memory: `rows` and `columns` as the product sees them.
struct Stack {
  const char* data;
  int64_t rows, columns;
  bool flip;  // stored as (columns, rows)
  memory::data_type dtype;
  Dims lead;  // the dimensions of the stack

  int64_t Pitch() const { return flip ? rows : columns; }

  // Where the part that begins at (row, column) of matrix `index` lies.
  const char* At(int64_t index, int64_t row, int64_t column) const {
    const int64_t inside = flip ? column * rows + row : row * columns + column;
    const int64_t place = index * rows * columns + inside;
    return data + place * static_cast<int64_t>(Bytes(dtype));
  }

  memory::desc Part(int64_t part_rows, int64_t part_columns) const {
    const int64_t pitch = Pitch();
    return memory::desc({part_rows, part_columns}, dtype,
                        flip ? Dims{1, pitch} : Dims{pitch, 1});
  }
};

template <class B>
Stack MakeStack(B& buffer, bool flip) {
  const auto sizes = buffer.dimensions();
  if (sizes.size() < 2) throw std::invalid_argument("expected matrices");
  const int64_t first = sizes[sizes.size() - 2], last = sizes[sizes.size() - 1];
  return {static_cast<const char*>(buffer.untyped_data()),
          flip ? last : first,
          flip ? first : last,
          flip,
          DataType(buffer.element_type()),
          Dims(sizes.begin(), sizes.end() - 2)};
}

int64_t Size(const Dims& dims) {
  return std::accumulate(dims.begin(), dims.end(), int64_t{1},
                         std::multiplies<int64_t>());
}

// Which matrix of `from` belongs to matrix `index` of the result: sizes of 1 broadcast.
int64_t Place(const Dims& from, const Dims& result, int64_t index) {
  int64_t place = 0, step = 1;
  for (size_t i = result.size(), j = from.size(); i > 0 && j > 0; --i, --j) {
    const int64_t at = index % result[i - 1];
    index /= result[i - 1];
    if (from[j - 1] != 1) place += at * step;
    step *= from[j - 1];
  }
  return place;
}

struct Plan {
  memory::desc a, b, c, scratch;
  dnnl::matmul primitive;
};

std::shared_ptr<const Plan> GetPlan(const Stack& a, const Stack& b, const Stack& c,
                                    int64_t rows, int64_t columns) {
  static Cache<Plan> cache(kPlans);
  const Key key{rows,
                columns,
                a.columns,
                a.Pitch() * 2 + a.flip,
                b.Pitch() * 2 + b.flip,
                c.Pitch(),
                static_cast<int64_t>(a.dtype),
                static_cast<int64_t>(c.dtype)};
  return cache.Get(key, [&] {
    OneThread alone;  // the primitive is made for one thread
    Plan plan{a.Part(rows, a.columns), b.Part(a.columns, columns),
              c.Part(rows, columns), {}, {}};
    dnnl::matmul::primitive_desc desc(Engine(), plan.a, plan.b, plan.c, UserScratch());
    plan.scratch = desc.scratchpad_desc();
    plan.primitive = dnnl::matmul(desc);
    return plan;
  });
}

void Multiply(const Stack& a, const Stack& b, const Stack& c, int64_t index,
              Piece rows, Piece columns) {
  if (rows.size == 0 || columns.size == 0) return;
  const auto plan = GetPlan(a, b, c, rows.size, columns.size);
  const char* left = a.At(Place(a.lead, c.lead, index), rows.begin, 0);
  const char* right = b.At(Place(b.lead, c.lead, index), 0, columns.begin);
  const char* result = c.At(index, rows.begin, columns.begin);
  Execute(plan->primitive, plan->scratch,
          {{DNNL_ARG_SRC, Wrap(plan->a, left)},
           {DNNL_ARG_WEIGHTS, Wrap(plan->b, right)},
           {DNNL_ARG_DST, Wrap(plan->c, result)}});
}

// A cut into pieces whose sizes are multiples of kMultiple, but for the last.
Piece CutBlocks(int64_t total, int64_t count, int64_t index) {
  const Piece blocks = Cut((total + kMultiple - 1) / kMultiple, count, index);
  const int64_t begin = blocks.begin * kMultiple;
  return {begin, std::min(total, begin + blocks.size * kMultiple) - begin};
}

void MultiplyAll(ffi::ThreadPool& pool, Stack a, Stack b, Stack c) {
  if (a.columns != b.rows || a.rows != c.rows || b.columns != c.columns) {
    throw std::invalid_argument("the sizes of the matrices do not fit");
  }
  int64_t count = Size(c.lead);
  if (count == 0 || c.rows == 0 || c.columns == 0) return;
  if (a.columns == 0) {  // sums of nothing, which oneDNN leaves as they are
    const int64_t bytes = count * c.rows * c.columns * Bytes(c.dtype);
    std::memset(const_cast<char*>(c.data), 0, bytes);
    return;
  }
  if (count > 1 && Size(b.lead) == 1 && Size(a.lead) == count && !a.flip) {
    // One matrix for the whole stack: its rows are those of one long matrix.
    a.rows *= count;
    c.rows *= count;
    a.lead = b.lead = c.lead = {};
    count = 1;
  }
  const double work = 2.0 * c.rows * c.columns * a.columns;
  const int64_t threads = Threads(pool);
  if (count > 1) {
    const int64_t worth = static_cast<int64_t>(work * count / kLeastWork);
    const int64_t pieces = std::clamp<int64_t>(
        std::min<int64_t>(worth, 4 * threads), 1, count);
    ParallelFor(pool, pieces, [&](int64_t i) {
      const Piece piece = Cut(count, pieces, i);
      for (int64_t j = piece.begin; j < piece.begin + piece.size; ++j) {
        Multiply(a, b, c, j, {0, c.rows}, {0, c.columns});
      }
    });
    return;
  }
  const bool by_rows = c.rows >= c.columns;
  const int64_t longer = std::max(c.rows, c.columns);
  const int64_t worth =
      std::max(std::min<int64_t>(work / kLeastWork, threads),
               std::min<int64_t>(work / kGoodWork, 2 * threads));
  const int64_t pieces = std::clamp<int64_t>(
      worth, 1, std::max<int64_t>(1, longer / kMultiple));
  ParallelFor(pool, pieces, [&](int64_t i) {
    const Piece piece = CutBlocks(longer, pieces, i);
    Multiply(a, b, c, 0, by_rows ? piece : Piece{0, c.rows},
             by_rows ? Piece{0, c.columns} : piece);
  });
}

ffi::Error Product(ffi::ThreadPool pool, ffi::AnyBuffer a, ffi::AnyBuffer b,
                   ffi::Result<ffi::AnyBuffer> c, int64_t flip_a, int64_t flip_b) {
  return Guard("product of matrices", [&] {
    MultiplyAll(pool, MakeStack(a, flip_a != 0), MakeStack(b, flip_b != 0),
                MakeStack(*c, false));
  });
}

}  // namespace
}  // namespace lamina

namespace ffi = xla::ffi;

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaProduct, lamina::Product,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<int64_t>("flip_a")
                                  .Attr<int64_t>("flip_b"));

#pragma GCC visibility pop
