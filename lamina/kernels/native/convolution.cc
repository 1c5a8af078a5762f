// Convolutions of one to three spatial dimensions: forward, and both gradients.
//
// Activations are (N, *spatial, C) and dense, filters (*window, C / groups, F). The
// batch is cut into pieces; each piece is one oneDNN primitive on one thread.

#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <stdexcept>

#include "onednn.h"
#include "parallel.h"
#include "xla/ffi/api/ffi.h"

namespace lamina {
namespace {

namespace ffi = xla::ffi;
using dnnl::memory;

constexpr size_t kPlans = 4096;
constexpr double kLeastWork = 1e6;  // floating-point operations worth a thread
constexpr int64_t kPartialBytes = int64_t{64} << 20;

// The attribute `spec`: rank, groups, relu, then strides, dilations, and the padding
// before and after, `rank` numbers each.
struct Shape {
  int64_t rank, groups, relu;
  Dims source, filter, target;  // the arrays' own dimensions
  Dims strides, dilations, before, after;
  memory::data_type dtype;
  Key key;

  int64_t Batch() const { return source[0]; }

  double Work() const {
    double work = 2.0 * target[0];
    for (int64_t i = 1; i <= rank; ++i) work *= target[i];
    for (int64_t size : filter) work *= size;
    return work;
  }

  // (N, *spatial, C) as oneDNN orders dimensions, for `batch` images.
  memory::desc Images(const Dims& dims, int64_t batch) const {
    Dims sizes{batch, dims[rank + 1]}, strides(rank + 2);
    sizes.insert(sizes.end(), dims.begin() + 1, dims.end() - 1);
    int64_t step = dims[rank + 1];
    strides[1] = 1;
    for (int64_t i = rank; i >= 1; --i) {
      strides[i + 1] = step;
      step *= dims[i];
    }
    strides[0] = step;
    return memory::desc(sizes, dtype, strides);
  }

  // The filters' dimensions in oneDNN's order.
  Dims FilterDims() const {
    const int64_t in = filter[rank], out = filter[rank + 1];
    Dims sizes = groups > 1 ? Dims{groups, out / groups, in} : Dims{out, in};
    sizes.insert(sizes.end(), filter.begin(), filter.begin() + rank);
    return sizes;
  }

  // (*window, C / groups, F), with the groups as the slow part of F.
  memory::desc Filters(memory::data_type type) const {
    const int64_t in = filter[rank], out = filter[rank + 1];
    Dims strides = groups > 1 ? Dims{out / groups, 1, out} : Dims{1, out};
    Dims window(rank);
    int64_t step = in * out;
    for (int64_t i = rank - 1; i >= 0; --i) {
      window[i] = step;
      step *= filter[i];
    }
    strides.insert(strides.end(), window.begin(), window.end());
    return memory::desc(FilterDims(), type, strides);
  }

  memory::desc AnyFilters(memory::data_type type) const {
    return memory::desc(FilterDims(), type, memory::format_tag::any);
  }

  memory::desc Bias() const {
    return memory::desc({filter[rank + 1]}, memory::data_type::f32,
                        memory::format_tag::a);
  }
};

Shape MakeShape(ffi::Span<const int64_t> spec, Dims source, Dims filter, Dims target,
                memory::data_type dtype) {
  Shape shape;
  shape.rank = spec[0];
  shape.groups = spec[1];
  shape.relu = spec[2];
  const int64_t rank = shape.rank;
  const size_t wanted = rank + 2;
  if (rank < 1 || rank > 3 || spec.size() != static_cast<size_t>(3 + 4 * rank) ||
      source.size() != wanted || filter.size() != wanted || target.size() != wanted) {
    throw std::invalid_argument("the ranks of the arrays do not fit the attributes");
  }
  const int64_t* next = spec.begin() + 3;
  auto take = [&] {
    Dims out(next, next + rank);
    next += rank;
    return out;
  };
  shape.strides = take();
  shape.dilations = take();
  for (int64_t& rate : shape.dilations) rate -= 1;  // oneDNN counts the gaps
  shape.before = take();
  shape.after = take();
  shape.source = std::move(source);
  shape.filter = std::move(filter);
  shape.target = std::move(target);
  shape.dtype = dtype;
  shape.key.assign(spec.begin(), spec.end());
  for (const Dims* dims : {&shape.source, &shape.filter, &shape.target}) {
    shape.key.insert(shape.key.end(), dims->begin(), dims->end());
  }
  shape.key.push_back(static_cast<int64_t>(dtype));
  return shape;
}

// A primitive for one size of piece, with its layouts.
struct Plan {
  memory::desc source, filters, target, scratch;
  dnnl::primitive primitive;
  Copy copy;  // between the caller's filters and the primitive's
  std::string kernel;
};

enum Pass : int64_t { kForward, kBackwardData, kBackwardFilters };

dnnl::convolution_forward::primitive_desc ForwardDesc(const Shape& shape, int64_t batch,
                                                      const memory::desc& filters,
                                                      bool bias,
                                                      dnnl::prop_kind kind) {
  dnnl::primitive_attr attributes = UserScratch();
  if (shape.relu) {
    dnnl::post_ops after;
    after.append_eltwise(dnnl::algorithm::eltwise_relu, 0.f, 0.f);
    attributes.set_post_ops(after);
  }
  return dnnl::convolution_forward::primitive_desc(
      Engine(), kind, dnnl::algorithm::convolution_direct,
      shape.Images(shape.source, batch), filters, bias ? shape.Bias() : memory::desc(),
      shape.Images(shape.target, batch), shape.strides, shape.dilations, shape.before,
      shape.after, attributes);
}

dnnl::convolution_backward_data::primitive_desc DataDesc(
    const Shape& shape, const Plan& plan, const memory::desc& filters,
    const dnnl::convolution_forward::primitive_desc& hint) {
  const auto make = [&] {
    return dnnl::convolution_backward_data::primitive_desc(
        Engine(), dnnl::algorithm::convolution_direct, plan.source, filters,
        plan.target, shape.strides, shape.dilations, shape.before, shape.after, hint,
        UserScratch());
  };
  auto desc = make();
  // Of depthwise 16-bit ones with strides, oneDNN's first choice computes the groups
  // one by one and is a hundred times slower than its own kernel for them.
  while (shape.groups > 1 && shape.groups == shape.source[shape.rank + 1]) {
    if (std::string(desc.impl_info_str()).find("dw") != std::string::npos) return desc;
    if (!desc.next_impl()) return make();
  }
  return desc;
}

Plan MakePlan(const Shape& shape, Pass pass, int64_t batch, bool bias,
              const memory::desc* layout) {
  OneThread alone;  // the primitive is made for one thread
  Plan plan;
  plan.source = shape.Images(shape.source, batch);
  plan.target = shape.Images(shape.target, batch);
  const memory::desc any = layout ? *layout : shape.AnyFilters(shape.dtype);
  if (pass == kForward) {
    auto desc =
        ForwardDesc(shape, batch, any, bias, dnnl::prop_kind::forward_training);
    plan.filters = desc.weights_desc();
    plan.scratch = desc.scratchpad_desc();
    plan.primitive = dnnl::convolution_forward(desc);
    plan.kernel = desc.impl_info_str();
    plan.copy = MakeCopy(shape.Filters(shape.dtype), plan.filters);
    return plan;
  }
  Shape linear = shape;
  linear.relu = 0;
  auto hint = ForwardDesc(linear, batch, shape.AnyFilters(shape.dtype), false,
                          dnnl::prop_kind::forward_training);
  if (pass == kBackwardData) {
    auto desc = DataDesc(shape, plan, any, hint);
    plan.filters = desc.weights_desc();
    plan.scratch = desc.scratchpad_desc();
    plan.primitive = dnnl::convolution_backward_data(desc);
    plan.kernel = desc.impl_info_str();
    plan.copy = MakeCopy(shape.Filters(shape.dtype), plan.filters);
    return plan;
  }
  const auto f32 = memory::data_type::f32;  // sums are kept in full precision
  dnnl::convolution_backward_weights::primitive_desc desc(
      Engine(), dnnl::algorithm::convolution_direct, plan.source,
      layout ? *layout : shape.AnyFilters(f32), plan.target, shape.strides,
      shape.dilations, shape.before, shape.after, hint, UserScratch());
  plan.filters = desc.diff_weights_desc();
  plan.scratch = desc.scratchpad_desc();
  plan.primitive = dnnl::convolution_backward_weights(desc);
  plan.kernel = desc.impl_info_str();
  plan.copy = MakeCopy(plan.filters, shape.Filters(f32));
  return plan;
}

std::shared_ptr<const Plan> GetPlan(const Shape& shape, Pass pass, int64_t batch,
                                    bool bias, const memory::desc* layout) {
  static Cache<Plan> cache(kPlans);
  Key key = shape.key;
  key.insert(key.end(), {pass, batch, bias, layout != nullptr});
  return cache.Get(key, [&] { return MakePlan(shape, pass, batch, bias, layout); });
}

// The plans of all pieces of a batch: sizes differ by at most one, layouts do not.
struct Pieces {
  int64_t count;
  std::shared_ptr<const Plan> small, large;

  Pieces(const Shape& shape, Pass pass, bool bias, int64_t count) : count(count) {
    const int64_t batch = shape.Batch();
    large = GetPlan(shape, pass, (batch + count - 1) / count, bias, nullptr);
    small = batch % count == 0
                ? large
                : GetPlan(shape, pass, batch / count, bias, &large->filters);
  }

  const Plan& For(const Piece& piece, const Shape& shape) const {
    return piece.size == shape.Batch() / count ? *small : *large;
  }
};

int64_t Count(const Shape& shape, int64_t threads, int64_t each) {
  const int64_t worth = static_cast<int64_t>(shape.Work() / kLeastWork);
  return std::clamp<int64_t>(std::min(worth, threads * each), 1, shape.Batch());
}

// Where image `index` begins.
const char* At(const void* data, const memory::desc& images, int64_t index) {
  const int64_t step = images.get_strides()[0] * Bytes(images.get_data_type());
  return static_cast<const char*>(data) + step * index;
}

ffi::Error Forward(ffi::ThreadPool pool, ffi::AnyBuffer x, ffi::AnyBuffer filters,
                   ffi::AnyBuffer bias, ffi::Result<ffi::AnyBuffer> y,
                   ffi::Span<const int64_t> spec) {
  return Guard("convolution", [&] {
    const Shape shape =
        MakeShape(spec, ToDims(x.dimensions()), ToDims(filters.dimensions()),
                  ToDims(y->dimensions()), DataType(x.element_type()));
    const bool with_bias = bias.element_count() > 0;
    const Pieces pieces(shape, kForward, with_bias,
                        Count(shape, Threads(pool), 2));
    const void* weights =
        Run(pieces.large->copy, filters.untyped_data(), Slot::kWeights);
    ParallelFor(pool, pieces.count, [&](int64_t i) {
      const Piece piece = Cut(shape.Batch(), pieces.count, i);
      const Plan& plan = pieces.For(piece, shape);
      std::unordered_map<int, memory> arguments{
          {DNNL_ARG_SRC, Wrap(plan.source, At(x.untyped_data(), plan.source,
                                              piece.begin))},
          {DNNL_ARG_WEIGHTS, Wrap(plan.filters, weights)},
          {DNNL_ARG_DST, Wrap(plan.target, At(y->untyped_data(), plan.target,
                                              piece.begin))}};
      if (with_bias) {
        arguments.emplace(DNNL_ARG_BIAS, Wrap(shape.Bias(), bias.untyped_data()));
      }
      Execute(plan.primitive, plan.scratch, std::move(arguments));
    });
  });
}

ffi::Error BackwardData(ffi::ThreadPool pool, ffi::AnyBuffer dy, ffi::AnyBuffer filters,
                        ffi::Result<ffi::AnyBuffer> dx, ffi::Span<const int64_t> spec) {
  return Guard("gradient of a convolution", [&] {
    const Shape shape =
        MakeShape(spec, ToDims(dx->dimensions()), ToDims(filters.dimensions()),
                  ToDims(dy.dimensions()), DataType(dy.element_type()));
    const Pieces pieces(shape, kBackwardData, false, Count(shape, Threads(pool), 2));
    const void* weights =
        Run(pieces.large->copy, filters.untyped_data(), Slot::kWeights);
    ParallelFor(pool, pieces.count, [&](int64_t i) {
      const Piece piece = Cut(shape.Batch(), pieces.count, i);
      const Plan& plan = pieces.For(piece, shape);
      Execute(plan.primitive, plan.scratch,
              {{DNNL_ARG_DIFF_DST, Wrap(plan.target, At(dy.untyped_data(), plan.target,
                                                        piece.begin))},
               {DNNL_ARG_WEIGHTS, Wrap(plan.filters, weights)},
               {DNNL_ARG_DIFF_SRC, Wrap(plan.source, At(dx->untyped_data(),
                                                        plan.source, piece.begin))}});
    });
  });
}

ffi::Error BackwardFilters(ffi::ThreadPool pool, ffi::AnyBuffer x, ffi::AnyBuffer dy,
                           ffi::Result<ffi::Buffer<ffi::DataType::F32>> dw,
                           ffi::Span<const int64_t> spec) {
  return Guard("gradient of a convolution's filters", [&] {
    const Shape shape =
        MakeShape(spec, ToDims(x.dimensions()), ToDims(dw->dimensions()),
                  ToDims(dy.dimensions()), DataType(x.element_type()));
    const int64_t bytes = std::max<int64_t>(1, dw->size_bytes());
    const int64_t room = std::max<int64_t>(1, kPartialBytes / bytes);
    const Pieces pieces(shape, kBackwardFilters, false,
                        std::min(room, Count(shape, Threads(pool), 1)));
    const size_t step = (pieces.large->filters.get_size() + 63) / 64 * 64;
    char* partial = static_cast<char*>(Buffer(Slot::kPartial, step * pieces.count));
    ParallelFor(pool, pieces.count, [&](int64_t i) {
      const Piece piece = Cut(shape.Batch(), pieces.count, i);
      const Plan& plan = pieces.For(piece, shape);
      Execute(plan.primitive, plan.scratch,
              {{DNNL_ARG_SRC, Wrap(plan.source, At(x.untyped_data(), plan.source,
                                                   piece.begin))},
               {DNNL_ARG_DIFF_DST, Wrap(plan.target, At(dy.untyped_data(), plan.target,
                                                        piece.begin))},
               {DNNL_ARG_DIFF_WEIGHTS, Wrap(plan.filters, partial + step * i)}});
    });
    // The pieces are added in their order, so that the result is always the same.
    const size_t count = pieces.large->filters.get_size() / sizeof(float);
    float* total = reinterpret_cast<float*>(partial);
    for (int64_t i = 1; i < pieces.count; ++i) {
      const float* part = reinterpret_cast<const float*>(partial + step * i);
      for (size_t j = 0; j < count; ++j) total[j] += part[j];
    }
    RunInto(pieces.large->copy, partial, dw->untyped_data());
  });
}

}  // namespace

// The name of oneDNN's kernel for one pass of a convolution; throws if it has none.
std::string ConvolutionKernel(const int64_t* spec, int64_t size, const int64_t* dims,
                              memory::data_type dtype, int64_t pass) {
  const ffi::Span<const int64_t> numbers(spec, size);
  const int64_t rank = spec[0] + 2;
  const Shape shape = MakeShape(numbers, Dims(dims, dims + rank),
                                Dims(dims + rank, dims + 2 * rank),
                                Dims(dims + 2 * rank, dims + 3 * rank), dtype);
  return GetPlan(shape, static_cast<Pass>(pass), shape.Batch(), false, nullptr)->kernel;
}

}  // namespace lamina

namespace ffi = xla::ffi;

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaConvolution, lamina::Forward,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<ffi::Span<const int64_t>>("spec"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaConvolutionData, lamina::BackwardData,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<ffi::Span<const int64_t>>("spec"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(LaminaConvolutionFilters, lamina::BackwardFilters,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::Buffer<ffi::DataType::F32>>()
                                  .Attr<ffi::Span<const int64_t>>("spec"));

#pragma GCC visibility pop
