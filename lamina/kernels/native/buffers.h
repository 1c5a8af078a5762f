// Reading XLA's buffers by their element types.

#ifndef LAMINA_KERNELS_BUFFERS_H_
#define LAMINA_KERNELS_BUFFERS_H_

#include <stdexcept>

#include "vectors.h"
#include "xla/ffi/api/ffi.h"

namespace lamina {

// Calls run with a number of the element type of a buffer.
template <class F>
void ByType(const xla::ffi::AnyBuffer& x, F&& run) {
  switch (x.element_type()) {
    case xla::ffi::DataType::F32:
      return run(float{});
    case xla::ffi::DataType::BF16:
      return run(BFloat16{});
    default:
      throw std::invalid_argument("expected float32 or bfloat16");
  }
}

template <class T, class B>
T* Data(B& buffer) {
  return static_cast<T*>(buffer.untyped_data());
}

}  // namespace lamina

#endif  // LAMINA_KERNELS_BUFFERS_H_
