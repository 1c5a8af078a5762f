// Loops over the channels of one row, in versions for several instruction sets.
//
// A file of loops is included once for each set, in a namespace of its own; which one
// runs is decided by the processor. The rest of the library is built for any x86-64.

#ifndef LAMINA_KERNELS_VECTORS_H_
#define LAMINA_KERNELS_VECTORS_H_

#include <cmath>
#include <cstdint>
#include <cstring>

#define LAMINA_HASWELL __attribute__((target("arch=haswell")))
#define LAMINA_SKYLAKE __attribute__((target("arch=skylake-avx512")))

// LAMINA_RUN(Loop, arguments...) calls the version of `Loop` for this processor.
#define LAMINA_RUN(loop, ...)                          \
  (::lamina::Vectors() == 2   ? skylake::loop(__VA_ARGS__) \
   : ::lamina::Vectors() == 1 ? haswell::loop(__VA_ARGS__) \
                              : baseline::loop(__VA_ARGS__))

namespace lamina {

// 2 with AVX-512, 1 with AVX2, else 0: what oneDNN uses, so that ONEDNN_MAX_CPU_ISA
// bounds both.
int Vectors();

// bfloat16 as XLA stores it.
struct BFloat16 {
  uint16_t bits;
};

}  // namespace lamina

#endif  // LAMINA_KERNELS_VECTORS_H_
