// What Python asks of the library directly, through ctypes.

#include <cstring>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>

#include "onednn.h"

namespace lamina {
std::string ConvolutionKernel(const int64_t* spec, int64_t size, const int64_t* dims,
                              dnnl::memory::data_type dtype, int64_t pass);
}

#define LAMINA_PUBLIC extern "C" __attribute__((visibility("default")))

// Whether oneDNN computes this convolution with a compiled kernel on this processor:
// writes the kernel's name, or why there is none, and returns 1 or 0.
LAMINA_PUBLIC int LaminaConvolutionKernel(const int64_t* spec, int64_t size,
                                          const int64_t* dims, int64_t dtype,
                                          int64_t pass, char* text, int64_t room) {
  std::string name;
  bool found = false;
  try {
    using Type = dnnl::memory::data_type;
    const Type types[] = {Type::f32, Type::bf16, Type::f16};
    name = lamina::ConvolutionKernel(spec, size, dims, types[dtype], pass);
    found = name.find("ref") == std::string::npos;
  } catch (const std::exception& error) {
    name = error.what();
  }
  std::strncpy(text, name.c_str(), room - 1);
  text[room - 1] = '\0';
  return found;
}

// The instruction set that oneDNN uses, as a number of dnnl_cpu_isa_t.
LAMINA_PUBLIC int64_t LaminaInstructionSet() {
  return static_cast<int64_t>(dnnl::get_effective_cpu_isa());
}

// oneDNN's version as 10000 * major + 100 * minor + patch.
LAMINA_PUBLIC int64_t LaminaOneDnnVersion() {
  const dnnl::version_t* version = dnnl::version();
  return 10000 * version->major + 100 * version->minor + version->patch;
}
